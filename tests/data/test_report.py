"""Reports: labels, duplicates, leaks between parts, and the text a user reads."""

import numpy as np

from ppmobile.data.base import Dataset
from ppmobile.data.report import Report, leaks


def facts(digest, width=20, height=10, faults=()):
    return {"sha256": digest, "width": width, "height": height, "faults": [list(fault) for fault in faults]}


def report(entries, classes=("cat", "dog"), root="/r", **found):
    """A Report on [(path, label or list of labels)]; the hash of a file is its name's first letter."""
    dataset = Dataset()
    dataset.root, dataset.classes = root, list(classes)
    dataset.items = [{"path": path, "labels" if isinstance(own, list) else "label": own} for path, own in entries]
    return Report(dataset, {path: found.get(path[-1], facts(path.split("/")[-1][0])) for path, _ in entries})


def test_labels_out_of_range_are_fatal():
    result = report([("/r/a", 0), ("/r/b", 2), ("/r/c", -1), ("/r/d", [0, 1, 5])])
    assert [(f.path, f.reason, f.fatal) for f in result.findings] == [
        ("/r/b", "label 2 is not in 0..1", True), ("/r/c", "label -1 is not in 0..1", True),
        ("/r/d", "label 5 is not in 0..1", True),
    ]
    assert result.counts == [2, 1]


def test_items_without_labels_are_fine():
    dataset = Dataset()
    dataset.items = [{"path": "a"}]
    result = Report(dataset, {"a": facts("a")})
    assert result.findings == [] and result.text().startswith("pictures: 1, classes: 0, unusable: 0, notes: 0")


def test_duplicates_and_contradicting_duplicates_are_told_apart():
    result = report([("/r/a", 0), ("/r/a2", 0), ("/r/b", 1), ("/r/b2", 0), ("/r/c", 1), ("/r/c", 1)])
    assert [(f.path, f.kind, f.reason, f.fatal) for f in result.findings] == [
        ("/r/a2", "duplicate", "the same file as a", False),
        ("/r/b2", "label conflict", "the same file as b, but labelled 'cat' instead of 'dog'", False),
        ("/r/c", "duplicate", "listed twice", False),
    ]


def test_files_without_content_are_no_duplicates():
    empty = facts("", 0, 0, [("zero-byte", "the file is empty", True)])
    result = report([("/r/1x", 0), ("/r/2x", 0)], x=empty)
    assert [f.kind for f in result.findings] == ["zero-byte", "zero-byte"] and len(result.sizes) == 0


def test_leaks_name_the_part_and_the_picture():
    reports = {
        "train": report([("/r/a", 0), ("/r/b", 0)]),
        "val": report([("/r/a2", 0), ("/r/c", 0)]),
        "test": report([("/r/c", 0), ("/r/d", 0), ("/r/b3", 1)]),
    }
    assert [(f.path, f.kind, f.reason, f.fatal) for f in leaks(reports)] == [
        ("/r/a2", "leak", "val holds the same file as train: a", False),
        ("/r/c", "leak", "test holds the same file as val: c", False),
        ("/r/b3", "leak", "test holds the same file as train: b", False),
    ]
    assert leaks({"train": reports["train"]}) == []


def test_the_text_is_a_table_a_user_can_act_on():
    gone = facts("", 0, 0, [("missing", "no such file", True)])
    grey = facts("g", 30, 40, [("grey", "grey (L), read as RGB", False)])
    entries = [("/r/a", 0), ("/r/b", 1), *((f"/r/{i}x", 0) for i in range(5)), ("/elsewhere/y", 1)]
    assert report(entries, x=gone, y=grey).text().splitlines() == [
        "pictures: 8, classes: 2, unusable: 5, notes: 1",
        "class  count", "cat        6", "dog        2",
        "width   20 to 30 px, median 20", "height  10 to 40 px, median 10",
        "unusable: missing, 5", "    0x: no such file", "    1x: no such file", "    2x: no such file",
        "    and 2 more",
        "note: grey, 1", "    /elsewhere/y: grey (L), read as RGB",
    ]


def test_many_classes_are_summed_up():
    entries = [(f"/r/{i}{j}", i) for i in range(30) for j in range(i)]
    text = report(entries, classes=[f"class {i}" for i in range(30)]).text()
    assert "class 19     19" in text and "class 20" not in text and "and 10 more classes with 20 to 29 each" in text


def test_the_counts_stand_below_each_other_under_wide_names():
    lines = report([("/r/a", 0), ("/r/b", 1)], classes=["大熊猫馆", "dog"]).text().splitlines()
    assert lines[1:4] == ["class     count", "大熊猫馆      1", "dog           1"]


def boxed(*entries, faulty=(), dropped=0):
    """A Report on [(path, stated size, boxes, labels)]; all files are 20x10 pixels."""
    dataset = Dataset()
    dataset.root, dataset.classes, dataset.faulty, dataset.dropped = "/r", ["cat", "dog"], faulty, dropped
    dataset.items = [{"path": path, "boxes": np.float32(boxes).reshape(-1, 4), "labels": np.int64(labels),
                      "difficult": np.arange(len(labels)) > 0, "stated_size": size}
                     for path, size, boxes, labels in entries]
    return Report(dataset, {path: facts(path.split("/")[-1][0]) for path, *_ in entries})


def test_boxes_are_counted_and_measured():
    text = boxed(("/r/a", (20, 10), [[0, 0, 10, 8], [2, 2, 6, 4]], [1, 0]), ("/r/b", None, [], []),
                 ("/r/c", None, [[0, 0, 200, 100]], [1]), dropped=3).text()
    # shares of 20x10 pixels: 40 %, 4 %, 10000 %; ratios 1.25, 2, 2: their 5th and 95th percentiles by interpolation
    assert text.splitlines() == [
        "pictures: 3, classes: 2, unusable: 0, notes: 0", "class  boxes  pictures  median px",
        "cat        1         1      4 x 2", "dog        2         2   105 x 54",
        "width   20 to 20 px, median 20", "height  10 to 10 px, median 10",
        "boxes   3, of them 1 difficult; left out as faulty: 3; pictures without boxes: 1",
        "a box   4 to 200 px wide, median 10; 2 to 100 px high, median 8; 67 % below 32x32 px, 33 % above 96x96",
        "        7.6 to 9e+03 % of its picture's area, median 40; width / height 1.3 to 2, median 2 (both without the "
        "outer 5 %); 2 in the fullest picture",
        "fewer than 20 boxes: cat 1, dog 2",
    ]


def test_pictures_without_any_boxes_have_no_sizes_to_tell():
    assert boxed(("/r/b", None, [], [])).text().splitlines()[-2:] == [
        "boxes   0, of them 0 difficult; left out as faulty: 0; pictures without boxes: 1", "no box at all: cat, dog"]


def test_a_box_that_stands_there_twice():
    rows = [[0, 0, 5, 5.25], [1, 1, 2, 2], [0, 0, 5, 5.25], [0, 0, 5, 5.25]]
    found = boxed(("/r/a", None, rows, [1, 0, 1, 0]), ("/r/b", None, [[1, 1, 2, 2]], [0])).findings
    # the last one is of another class: a picture may hold a rider where the horse is
    assert [(f.path, f.kind, f.reason, f.fatal) for f in found] == [
        ("/r/a", "box twice", "(0, 0, 5, 5.25) stands there 2 times", False)]


def test_faulty_boxes_are_notes_of_their_kind():
    result = boxed(("/r/a", None, [], []), faulty=[("/r/a", "box outside", "(1, 2, 3, 4), left out")])
    assert [(f.path, f.kind, f.reason, f.fatal) for f in result.findings] == [
        ("/r/a", "box outside", "(1, 2, 3, 4), left out", False)]
    assert "note: box outside, 1" in result.text()


def test_annotations_for_another_size():
    result = boxed(("/r/a", (40, 20), [[0, 0, 20, 10]], [0]), ("/r/b", (40, 20), [[0, 0, 20, 11]], [0]))
    assert [(f.path, f.kind, f.reason, f.fatal) for f in result.findings] == [
        ("/r/a", "other size", "the annotations are for 40x20 pixels, the picture has 20x10", False),
        ("/r/b", "other size", "the annotations are for 40x20 pixels, the picture has 20x10, and boxes lie outside",
         True)]


def test_the_same_picture_with_other_boxes():
    one, other = [[0, 0, 5, 5]], [[0, 0, 6, 5]]
    result = boxed(("/r/a", None, one, [0]), ("/r/a2", None, one, [0]), ("/r/a3", None, other, [0]))
    assert [(f.path, f.kind, f.reason) for f in result.findings] == [
        ("/r/a2", "duplicate", "the same file as a"),
        ("/r/a3", "label conflict", "the same file as a, but with other boxes")]
