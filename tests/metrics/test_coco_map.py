"""COCO's numbers: a perfect predictor, three boxes by hand, and equality with pycocotools on the file itself."""

import contextlib
import io
import itertools
import json

import numpy as np
import pytest

from ppmobile.data import CocoDetection
from ppmobile.files import write_image
from ppmobile.metrics.coco import NUMBERS, CocoMap


@pytest.fixture
def reader(tmp_path):
    """A function from categories {id: name} and annotations [(image, category, box xywh, more)] to a dataset."""
    for i in (4, 9):
        write_image(tmp_path / f"{i}.png", np.zeros((120, 150, 3), np.uint8))

    def read(categories, annotations):
        images = [{"id": i, "file_name": f"{i}.png", "width": 150, "height": 120} for i in (9, 4)]
        rows = [{"id": i, "image_id": image, "category_id": category, "bbox": box, "area": box[2] * box[3], **more}
                for i, (image, category, box, more) in enumerate(annotations, 1)]
        tree = {"images": images, "annotations": rows,
                "categories": [{"id": i, "name": name} for i, name in categories.items()]}
        (tmp_path / "coco.json").write_text(json.dumps(tree), encoding="utf-8")
        return CocoDetection(str(tmp_path), "coco.json")

    return read


def perfect(dataset, score=0.5):
    """Outputs that name exactly the boxes that count."""
    return [np.column_stack([item["labels"], np.full(len(item["labels"]), score), item["boxes"]])[~item["difficult"]]
            for item in dataset.items]


def measured(dataset, outputs):
    metric = CocoMap(dataset.classes, dataset)
    metric.update(outputs, {"index": np.arange(len(outputs))})
    return metric


BOXES = [(9, 1, [10, 10, 20, 20], {}), (9, 3, [30, 30, 50, 40], {}), (4, 90, [0, 0, 120, 110], {}),
         (4, 1, [5.5, 7.25, 60, 70], {}), (4, 3, [1, 1, 99, 99], {"iscrowd": 1})]


@pytest.mark.parametrize("ids", itertools.permutations((1, 3, 90)))
def test_a_perfect_predictor_gets_1_whatever_the_ids(reader, ids):
    names = dict(zip(ids, ("person", "car", "toothbrush")))
    result = measured(*(lambda data: (data, perfect(data)))(reader(names, BOXES))).result()
    assert list(result) == list(NUMBERS)  # there are small, medium and large objects
    assert list(result.values()) == pytest.approx([1] * 12)


def test_the_wrong_class_gets_0(reader):
    dataset = reader({1: "a", 3: "b", 90: "c"}, BOXES)
    outputs = perfect(dataset)
    for one in outputs:
        one[:, 0] = (one[:, 0] + 1) % 3
    assert measured(dataset, outputs).result()["map"] == 0


def test_three_boxes_by_hand(reader):
    dataset = reader({7: "a"}, [(9, 7, [0, 0, 10, 10], {}), (9, 7, [20, 0, 10, 10], {}), (9, 7, [40, 0, 10, 10], {})])
    metric = measured(dataset, [[], [[0, 0.9, 0, 0, 10, 10], [0, 0.8, 60, 60, 70, 70], [0, 0.7, 20, 0, 30, 10]]])
    # right, wrong, right at every IoU: of the 101 recalls, 0 to 0.33 see precision 1, 0.34 to 0.66 see 2/3
    expected = (34 + 33 * 2 / 3) / 101
    result = metric.result()
    assert result["map"] == pytest.approx(expected) and result["map50"] == pytest.approx(expected)
    assert result["map_small"] == pytest.approx(expected) and "map_large" not in result
    assert (result["ar1"], result["ar10"], result["ar100"]) == pytest.approx((1 / 3, 2 / 3, 2 / 3))
    assert metric.per_class() == [{"class": "a", "boxes": 3, "ap": pytest.approx(expected),
                                   "ap50": pytest.approx(expected), "ar100": pytest.approx(2 / 3)}]


def test_what_lies_in_a_crowd_is_neither_right_nor_wrong(reader):
    dataset = reader({1: "a"}, [(9, 1, [0, 0, 100, 100], {"iscrowd": 1}), (9, 1, [110, 0, 20, 20], {})])
    metric = measured(dataset, [[], [[0, 0.9, 10, 10, 30, 30], [0, 0.8, 50, 50, 70, 70], [0, 0.7, 110, 0, 130, 20]]])
    assert metric.result()["map"] == pytest.approx(1) and metric.per_class()[0]["boxes"] == 1


def test_a_class_without_boxes_has_no_number(reader):
    metric = measured(*(lambda data: (data, perfect(data)))(reader({1: "a", 2: "none"}, BOXES[:1])))
    assert metric.per_class()[1] == {"class": "none", "boxes": 0, "ap": None, "ap50": None, "ar100": None}
    assert [row["class"] for row in metric.curves()] == ["a"] and metric.result()["map"] == pytest.approx(1)


def test_the_first_box_counts_as_any_other(reader):
    """A known trap: COCOeval takes a match with the annotation of id 0 for none."""
    dataset = reader({0: "a"}, [(9, 0, [0, 0, 10, 10], {})])
    assert measured(dataset, [[], [[0, 0.9, 0, 0, 10, 10]]]).result()["map"] == pytest.approx(1)


@pytest.mark.parametrize("seed", range(3))
def test_equal_to_pycocotools_on_the_file(reader, seed):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    rng = np.random.default_rng(seed)
    sizes = rng.integers([0, 0, 10, 10], [50, 50, 70, 70], (30, 4)).tolist()
    boxes = [(int(rng.choice([4, 9])), int(rng.choice([1, 3, 90])), box,
              {"iscrowd": int(rng.random() < 0.1), "area": int(rng.integers(9, 9999))}) for box in sizes]
    dataset = reader({90: "c", 1: "a", 3: "b"}, boxes)
    outputs, official = [], []
    for image, item in zip((4, 9), dataset.items):
        moved = item["boxes"] + rng.integers(-4, 5, item["boxes"].shape)
        rows = np.column_stack([rng.integers(0, 3, len(moved)), rng.integers(1, 9, len(moved)) / 8, moved])
        rows[: len(rows) // 2, 0] = item["labels"][: len(rows) // 2]
        outputs.append(rows)
        official += [{"image_id": image, "category_id": (1, 3, 90)[int(row[0])], "score": row[1],
                      "bbox": [*row[2:4], *(row[4:] - row[2:4])]} for row in rows]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(dataset.file))
        evaluation = COCOeval(truth, truth.loadRes(official), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    result = measured(dataset, outputs).result()
    assert [result.get(name, -1) for name in NUMBERS] == pytest.approx(evaluation.stats.tolist(), abs=1e-12)
    assert 0 < result["map"] < 1


def test_it_prints_nothing(reader, capsys):
    dataset = reader({1: "a", 3: "b", 90: "c"}, BOXES)
    measured(dataset, perfect(dataset)).result()
    assert capsys.readouterr() == ("", "")
