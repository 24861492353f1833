"""Mean average precision as COCO defines it, computed by its own reference code, pycocotools."""

import contextlib
import io

import numpy as np

from .base import METRICS
from .detections import Detections, plain

NUMBERS = ("map", "map50", "map75", "map_small", "map_medium", "map_large",
           "ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large")  # in the order of COCOeval.stats


@METRICS.register
class CocoMap(Detections):
    """COCO's twelve numbers: average precision (AP) and recall (AR) over classes and IoU 0.50 to 0.95.

    map: AP over ten IoU thresholds; map50, map75: at one. ar1, ar10, ar100: recall with so many boxes a picture.
    small: objects below 32x32 pixels, large: above 96x96, by the areas of the file where it gives them. Difficult
    boxes count as COCO's crowds: what lies in them is neither right nor wrong.
    """

    main, shown = "map", ("map", "map50")

    def _measure(self):
        """The COCOeval after its work; pycocotools prints what it does, which nobody needs here."""
        from pycocotools.cocoeval import COCOeval

        truth, found = self.truth(), self.found()
        crowd = {"iscrowd": truth["difficult"].astype(int), "area": truth["area"]}
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(self._api(truth, **crowd), self._api(found, score=found["score"]), "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        return evaluation

    def _api(self, boxes, **more):
        """pycocotools' COCO of boxes in arrays; `more` are further fields of each. Ids are the labels."""
        from pycocotools.coco import COCO

        corner = boxes["box"].astype(np.float64)
        side = corner[:, 2:] - corner[:, :2]
        columns = {"image_id": boxes["picture"], "category_id": boxes["label"], "area": side.prod(1),
                   "iscrowd": np.zeros(len(corner), int), **more}
        rows = zip(*(column.tolist() for column in columns.values()), np.hstack([corner[:, :2], side]).tolist())
        # ids start at 1: COCOeval takes a match with id 0 for none
        annotations = [{"id": i, **dict(zip((*columns, "bbox"), row))} for i, row in enumerate(rows, 1)]
        api = COCO()
        api.dataset = {"images": [{"id": i} for i in range(len(self._found))], "annotations": annotations,
                       "categories": [{"id": i, "name": name} for i, name in enumerate(self.classes)]}
        api.createIndex()
        return api

    def result(self):
        """{number: 0..1}; one of sizes that no object has is left out. DataError if there are no boxes at all."""
        stats = self.measured().stats
        return {name: float(value) for name, value in zip(NUMBERS, stats) if value >= 0}  # -1 is COCO's for nothing

    def per_class(self):
        """A row {"class", "boxes", "ap", "ap50", "ar100"} a class, in label order; None where it has no boxes."""
        precision, recall = self._tables()
        ap, ap50, ar = precision.mean((0, 1)), precision[0].mean(0), recall.mean(0)
        return [{"class": name, "boxes": int(count), "ap": plain(ap[i]), "ap50": plain(ap50[i]), "ar100": plain(ar[i])}
                for i, (name, count) in enumerate(zip(self.classes, self.counts()))]

    def curves(self):
        """A row {"class", "recall" (101,), "precision" (101,), "ap50"} for each class with boxes, at IoU 0.5."""
        precision, grid = self._tables()[0][0], np.array(self.measured().params.recThrs)
        return [{"class": name, "recall": grid, "precision": precision[:, i], "ap50": float(precision[:, i].mean())}
                for i, name in enumerate(self.classes) if not np.isnan(precision[0, i])]

    def _tables(self):
        """Precision (10 IoUs, 101 recalls, C) and recall (10, C) of objects of all sizes, NaN without objects."""
        tables = (self.measured().eval[name][..., 0, -1] for name in ("precision", "recall"))
        return [np.where(table < 0, np.nan, table) for table in tables]
