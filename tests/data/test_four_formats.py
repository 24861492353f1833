"""The same pictures in COCO, VOC, YOLO and LabelMe give equal Samples."""

import json
from pathlib import Path

import numpy as np
import pytest

from ppmobile.data import CocoDetection, LabelMeDetection, VocDetection, YoloDetection
from ppmobile.data.scenes import write_scenes

COUNT = 4  # pictures that are compared


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """The four datasets, of the same pictures in the same order, one without boxes."""
    root = write_scenes(tmp_path_factory.mktemp("four") / "图 é", 30, 96, 4)
    coco = CocoDetection(str(root), "annotations/instances_train.json", "images")
    empty = next(i for i, item in enumerate(coco.items) if not len(item["boxes"]))
    coco.items = [coco.items[i] for i in sorted({0, 1, 2, empty})]
    names = [Path(path).stem for path in coco.paths]
    (root / "few.txt").write_text("\n".join(names), encoding="utf-8")
    (root / "few_paths.txt").write_text("\n".join(f"images/{name}.png" for name in names), encoding="utf-8")
    for name, item in zip(names, coco.items):
        shapes = [{"label": coco.classes[label], "points": box.reshape(2, 2).tolist(), "shape_type": "rectangle"}
                  for label, box in zip(item["labels"], item["boxes"])]
        content = {"imagePath": f"{name}.png", "imageWidth": 96, "imageHeight": 96, "shapes": shapes}
        (root / "images" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    others = [VocDetection(str(root), "few.txt", images="images"), YoloDetection(str(root), "few_paths.txt"),
              LabelMeDetection(str(root / "images"))]
    for dataset in others:
        dataset.align(coco.classes)  # VOC and LabelMe found only the digits that occur
    return [coco, *others]


def test_equal_samples(datasets):
    coco, *others = datasets
    assert coco.classes == [str(i) for i in range(10)]
    assert min(len(item["boxes"]) for item in coco.items) == 0 and sum(len(item["boxes"]) for item in coco.items) > 3
    for other in others:
        assert len(other) == COUNT and other.classes == coco.classes and other.dropped == 0
        for i in range(COUNT):
            one, two = coco.load(i), other.load(i)
            assert (one.path, one.index, one.size, one.label) == (two.path, two.index, two.size, two.label)
            for part in ("image", "labels", "difficult", "frame"):
                assert np.array_equal(getattr(one, part), getattr(two, part)), (other, part)
            # YOLO's parts of the picture have eight decimals, the others state whole pixels
            tolerance = 1e-4 if isinstance(other, YoloDetection) else 0
            assert one.boxes.shape == two.boxes.shape and np.allclose(one.boxes, two.boxes, rtol=0, atol=tolerance)
            assert one.boxes.dtype == two.boxes.dtype == np.float32
