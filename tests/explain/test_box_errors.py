"""The kinds of a detector's errors, counted by hand on a few boxes; the sheets and the page made of them."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from ppmobile.data.base import Dataset
from ppmobile.explain import box_gallery
from ppmobile.explain.box_errors import KINDS, BoxError, box_errors
from ppmobile.explain.report import print_errors, write_result
from ppmobile.files import read_image, write_image
from ppmobile.metrics.coco import CocoMap
from ppmobile.metrics.voc import VocMap

CLASSES = ("人", "dog")
HERE, THERE, FAR = (10, 10, 50, 50), (100, 10, 140, 50), (10, 60, 40, 90)


def made(pictures, tmp_path, metric=VocMap):
    """(metric, dataset) of pictures, each a pair of true (class, box, difficult) and found (class, score, box)."""
    dataset = Dataset()
    dataset.classes, dataset.items = CLASSES, []
    for number, (true, _) in enumerate(pictures):
        path = tmp_path / f"图 {number}.png"
        write_image(path, np.full((100, 160, 3), 60 * number, np.uint8))
        dataset.items.append({"path": str(path), "labels": np.array([label for label, *_ in true], np.int64),
                              "boxes": np.array([box for _, box, *_ in true], np.float32).reshape(-1, 4),
                              "difficult": np.array([len(one) > 2 for one in true], bool)})
    counted = metric(CLASSES, dataset)
    for number, (_, found) in enumerate(pictures):
        rows = np.array([(label, score, *box) for label, score, box in found], np.float32).reshape(-1, 6)
        counted.update([rows], {"index": np.array([number])})
    return counted, dataset


def shifted(box, by):
    return box[0] + by, box[1], box[2] + by, box[3]


def kinds_of(true, found, tmp_path, threshold=0.5):
    """(right, {kind: count} of those that occur) of one picture, beside another with one right box."""
    result = box_errors(made([(true, found), ([(0, HERE)], [(0, 0.9, HERE)])], tmp_path)[0], threshold)
    return result["right"] - 1, {kind: len(result[kind]) for kind in KINDS if result[kind]}


@pytest.mark.parametrize("true, found, right, errors", [
    ([(0, HERE)], [(0, 0.9, HERE)], 1, {}),
    ([(0, HERE)], [], 0, {"missed": 1}),
    ([], [(0, 0.9, HERE)], 0, {"false alarm": 1}),
    ([], [], 0, {}),
    ([(0, HERE)], [(0, 0.4, HERE)], 0, {"missed": 1}),  # too unsure to count
    ([(0, HERE)], [(1, 0.9, HERE)], 0, {"wrong class": 1}),  # and so the object is not missed as well
    ([(0, HERE)], [(0, 0.9, shifted(HERE, 20))], 0, {"badly placed": 1}),  # IoU 20 / 60
    ([(0, HERE)], [(0, 0.9, shifted(HERE, 36))], 0, {"false alarm": 1, "missed": 1}),  # IoU 4 / 76
    ([(0, HERE)], [(0, 0.7, HERE), (0, 0.9, shifted(HERE, 5))], 1, {"duplicate": 1}),
    ([(0, HERE)], [(0, 0.9, HERE), (1, 0.8, HERE)], 1, {"wrong class": 1}),
    ([(0, HERE), (1, HERE)], [(0, 0.9, HERE), (1, 0.8, HERE)], 2, {}),
    ([(0, HERE), (0, THERE)], [(0, 0.9, HERE), (0, 0.6, FAR)], 1, {"missed": 1, "false alarm": 1}),
    ([(0, HERE, "difficult")], [], 0, {}),
    ([(0, HERE, "difficult")], [(0, 0.9, HERE), (0, 0.8, (20, 20, 30, 30))], 0, {}),  # a crowd, and one of it
])
def test_the_kinds(true, found, right, errors, tmp_path):
    assert kinds_of(true, found, tmp_path) == (right, errors)


def test_what_an_error_says_and_their_order(tmp_path):
    pictures = [([(0, HERE), (1, FAR)], [(1, 0.6, HERE), (0, 0.7, THERE), (1, 0.25, FAR)]),
                ([(0, THERE), (0, FAR)], [(0, 0.8, HERE)])]
    found = box_errors(made(pictures, tmp_path)[0], 0.5)
    alarms = [(one.index, round(one.score, 4)) for one in found["false alarm"]]
    assert alarms == [(1, 0.8), (0, 0.7)]
    assert [(one.index, one.true_label, one.score) for one in found["missed"]] == [(1, 0, 0), (1, 0, 0), (0, 1, 0.25)]
    assert found["missed"][0].true_box.tolist() == list(THERE), "of two the larger"
    wrong = found["wrong class"][0]
    assert (wrong.label, wrong.true_label, wrong.box.tolist(), wrong.true_box.tolist()) == (1, 0, [*HERE], [*HERE])


# --- sheets -----------------------------------------------------------------------------------------------------


def error(kind, **more):
    return BoxError(kind, 0, **{"score": 0.931, "box": np.float32(HERE), "label": 0, "true_box": np.float32(HERE),
                                "true_label": 1, **more})


@pytest.mark.parametrize("one, text", [
    (error("false alarm", true_box=None, true_label=None), "人 93 %"),
    (error("wrong class"), "人 93 %, true dog"),
    (error("badly placed", true_box=np.float32(shifted(HERE, 20))), "人 93 %, IoU 0.33"),
    (error("missed", box=None, label=None, score=0.0), "dog"),
    (error("missed", box=None, label=None, score=0.25), "dog, suspected at 25 %"),
])
def test_captions(one, text):
    assert box_gallery.caption(one, CLASSES) == text


@pytest.mark.parametrize("box, expected", [
    ((100, 100, 200, 150), (60, 35, 180)),  # 1.8 times the longer side, the box in the middle
    ((0, 0, 100, 50), (0, 0, 180)),  # at the corner
    ((300, 200, 310, 210), (273, 173, 64)),  # the least view
    ((0, 0, 400, 300), (0, 0, 400)),  # never more than the picture
])
def test_the_view(box, expected):
    one = error("missed", box=None, true_box=np.float32(box))
    assert box_gallery.view(one, (300, 400, 3)) == pytest.approx(expected)


def test_a_cell_shows_true_and_answered_boxes(tmp_path):
    metric, dataset = made([([(0, HERE)], [(0, 0.9, shifted(HERE, 20))])], tmp_path)
    shown, text, _ = box_gallery.cell_of(box_errors(metric, 0.5)["badly placed"][0], metric, dataset, 0.5)
    colors = {tuple(color) for color in shown.reshape(-1, 3).tolist()}
    assert {box_gallery.TRUE, box_gallery.ANSWER} <= colors and text == "人 90 %, IoU 0.33"


class Pictures(HTMLParser):
    """Collects the src of all img, and complains about tags that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        """Note it."""
        self.found += [dict(attributes)["src"]] if tag == "img" else []
        self.open += [] if tag in ("img", "meta") else [tag]

    def handle_endtag(self, tag):
        """Compare it."""
        assert self.open.pop() == tag


@pytest.mark.parametrize("kind", [VocMap, CocoMap])
def test_the_result_of_a_detector(kind, tmp_path, capsys):
    if kind is CocoMap:
        pytest.importorskip("pycocotools")
    pictures = [([(0, HERE), (1, FAR)], [(1, 0.6, HERE), (0, 0.7, THERE)]), ([(0, THERE)], [(0, 0.8, THERE)])]
    out = tmp_path / "out 图"
    (out / "duplicate.png").parent.mkdir()
    (out / "duplicate.png").write_bytes(b"of an earlier evaluation")
    result = write_result(*made(pictures, tmp_path, kind), out, 24, 0.5, "<title> & 图")
    assert json.loads((out / "result.json").read_text(encoding="utf-8")) == result
    assert [result["errors"][name]["count"] for name in KINDS] == [1, 1, 0, 0, 1] and result["errors"]["right"] == 1
    worst = result["errors"]["wrong class"]["worst"][0]
    assert worst == {"file": str(tmp_path / "图 0.png"), "score": 0.6, "predicted": "dog", "box": [*HERE], "true": "人",
                     "true_box": [*HERE]}
    page = (out / "report.html").read_text(encoding="utf-8")
    shown = Pictures(page).found
    assert shown == ["precision_recall.png", "missed.png", "wrong_class.png", "false_alarm.png"]
    assert sorted(shown) == sorted(path.name for path in out.glob("*.png")) and read_image(out / shown[1]).size
    assert "<h1>&lt;title&gt; &amp; 图</h1>" in page and "人" in page
    names = re.findall(r"<tr><td>(map\w*|ar\w*)</td>", page)
    assert names[:2] == (["map50", "map50_11"] if kind is VocMap else ["map", "map50"])
    assert kind is VocMap or len(names) >= 10  # there are no objects of some sizes
    print_errors(result["errors"])
    assert capsys.readouterr().out == ("boxes that score 0.5 or more: 1 right, 1 missed, 1 wrong class, "
                                       "0 badly placed, 0 duplicate, 1 false alarm\n")


def test_no_sheets_where_none_are_wanted(tmp_path):
    result = write_result(*made([([(0, HERE)], [])], tmp_path), tmp_path / "out", 0)
    assert result["errors"]["missed"] == {"count": 1, "worst": []}
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["precision_recall.png"]
