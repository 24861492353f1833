"""`ppmobile check` on boxes: what it tells of them, and its status where training would refuse."""

import json

import numpy as np
import yaml

from ppmobile.explain.draw_boxes import color_of
from ppmobile.explain.samples import GAP, SIDE
from ppmobile.files import read_image, write_text


def test_check_ends_with_status_1_for_what_training_refuses(made):
    one = made()
    one.coco["train"]["annotations"] = []
    status, out, _ = one.run("check")
    assert status == 1 and "\nboxes: data.train: its 6 pictures hold no box to learn" in out


def test_check_says_that_training_refuses_data_of_which_nothing_is_readable(made):
    one = made()
    one.config["data"]["max_bad"] = 100
    for name in one.boxes:
        one.picture(name).write_bytes(b"broken")
    status, out, error = one.run("check", "--out", one.folder / "drawn")
    assert status == 1 and "== train: 6 of 6 unusable, data.max_bad allows 100: training refuses" in out and not error
    assert one.run()[0] == 2


def test_check_tells_what_the_boxes_are_like(made):
    one = made()
    one.coco["train"]["annotations"] += [dict(one.coco["train"]["annotations"][0]),
                                         {**one.coco["train"]["annotations"][0], "bbox": [3, 3, 2, 20]}]
    status, out, _ = one.run("check")
    box = one.boxes["图 0"][0]
    numbers = ", ".join(map(str, box[1:]))
    for words in ("class   boxes  pictures  median px", "猫 cat      8         6",
                  "fewer than 20 boxes: 猫 cat 8, dog 6", f"images/图 0.png: ({numbers}) stands there 2 times",
                  "too small: 1 of 14 boxes are below 4 px wide or high there, the first in images/图 0.png;",
                  "worth trying:\n    model.head.anchors: [["):
        assert words in out, out
    assert status == 0 and np.array(json.loads(out.rsplit("anchors: ", 1)[1])).shape == (9, 2)


def test_out_draws_the_boxes_where_they_are(made, tmp_path):
    one = made()
    one.coco["val"]["annotations"] = []
    status, out, _ = one.run("check", "--out", tmp_path / "样 é")
    assert status == 1 and f"samples are drawn in {tmp_path / '样 é'}" in out  # val holds nothing to measure
    sheet = read_image(tmp_path / "样 é" / "train.png")
    assert sheet.shape[1] == GAP + 4 * (SIDE + GAP) and (tmp_path / "样 é" / "val.png").is_file()
    # the first picture, 64 px grown to SIDE: the left line of its box of the second class has that class's colour
    _, x1, y1, _, y2 = one.boxes["图 0"][1]
    scale = SIDE / 64
    column = sheet[GAP + int((y1 + y2) / 2 * scale), GAP:GAP + SIDE]
    near = np.abs(column.astype(int) - color_of(1)).max(axis=1) < 60
    assert near[int(x1 * scale) - 2:int(x1 * scale) + 8].any()


def test_out_draws_pictures_of_a_classifier_and_leaves_broken_ones_out(data, tiny, tmp_path, capsys):
    from ppmobile.cli import main

    (data / "c0" / "图 1.png").write_bytes(b"broken")
    write_text(tmp_path / "c.yml", yaml.safe_dump(tiny, allow_unicode=True))
    assert main(["check", "-c", str(tmp_path / "c.yml"), "--out", str(tmp_path / "out")]) == 1
    assert read_image(tmp_path / "out" / "train.png").shape[1] == GAP + 4 * (SIDE + GAP)
    assert "samples are drawn in" in capsys.readouterr().out
