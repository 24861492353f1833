"""Reports: labels, duplicates, leaks between parts, and the text a user reads."""

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
