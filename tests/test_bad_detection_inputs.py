"""Faulty boxes, files and settings of a detector: one clear line and status 2, or a note and a sound training."""

import json
import shutil

import pytest
from PIL import Image

NAME = "图 1"


def refused(result, *words):
    """Status 2, nothing trained, and one line on stderr that holds all `words`."""
    status, out, text = result
    assert status == 2 and "epoch 1" not in out, (out, text)
    assert text.startswith("ppmobile: ") and text.count("\n") == 1, text
    for word in words:
        assert word in text, text


def trained(result, *words):
    """Status 0 after a whole epoch, and `words` on stdout."""
    status, out, text = result
    assert status == 0 and "epoch 1/1: " in out, text
    for word in words:
        assert word in out, out


def change(entries, **values):
    """Set the values in each of the dicts."""
    for one in entries:
        one.update(values)


def cut(one):
    one.coco["train"] = json.dumps(one.coco["train"])[:300]


def no_box(one, part="train"):
    one.coco[part]["annotations"] = []


def without_dog(one):
    one.coco["val"] = one.coco_of(one.lists["val"][:1], classes=["猫 cat", "cow"])
    one.coco["val"]["categories"].pop()
    one.coco["val"]["annotations"].pop()


COCO = {
    "cut off": (cut, "data.train", "train.json, line 1", "is cut off"),
    "a picture is missing": (lambda o: o.picture(NAME).unlink(), f"images/{NAME}.png: missing", "ppmobile check"),
    "no picture is there": (lambda o: [o.picture(name).unlink() for name in o.boxes], "0 of its 6 pictures found"),
    "a box of no picture": (lambda o: o.coco["train"]["annotations"][3].update(image_id=99),
                            "annotations[3] is of image 99"),
    "a box of no category": (lambda o: o.coco["train"]["annotations"][3].update(category_id=9),
                             "annotations[3] is of category 9"),
    "ids twice": (lambda o: o.coco["train"]["images"][1].update(id=1), "images[1]: the id 1 stands there twice"),
    "a category in training only": (without_dog, "data.val", "lacks the class 'dog'", "add its name"),
    "a category in val only": (
        lambda o: o.coco["val"]["categories"].append({"id": 3, "name": "cow"}), "data.val", "has the class 'cow'"),
    "no box to learn": (no_box, "data.train: its 6 pictures hold no box to learn", "there are none at all"),
    "no box to measure": (lambda o: no_box(o, "val"), "data.val: its 3 pictures hold no box to measure"),
    "all boxes faulty": (lambda o: change(o.coco["train"]["annotations"], bbox=[5, 5, 0, 9]),
                         "hold no box to learn: 12 are faulty, the first in", "box without area: (5, 5, 5, 14)"),
    "all boxes are crowds": (lambda o: change(o.coco["train"]["annotations"], iscrowd=1),
                             "hold no box to learn: 12 are difficult"),
    "a wrong root": (lambda o: o.config["data"]["train"].update(root="nowhere"), "nowhere: no such folder"),
    "classification": (lambda o: o.config.update(task="classify", eval={}), "CocoDetection gives no label", "take "),
    "a reader without boxes": (lambda o: o.config["data"].update(train={"name": "Digits"}), "Digits gives no boxes"),
    "seven anchors": (lambda o: o.config["model"]["head"].update(anchors=[[9, 9]] * 7), "for each of the 3 maps"),
    "anchors of one number": (lambda o: o.config["model"]["head"].update(anchors=[[9, 9], 3, 4]), "[width, height]"),
    "anchors of words": (lambda o: o.config["model"]["head"].update(anchors=[["a", 9]] * 3), "`ppmobile anchors`"),
}


@pytest.mark.parametrize("case", COCO)
def test_coco(made, case):
    damage, *words = COCO[case]
    one = made()
    damage(one)
    refused(one.run(), *words)
    assert not (one.folder / "run" / "last.safetensors").exists()


def voc(**changes):
    """A damage that replaces texts in an XML."""
    def damage(one):
        for old, new in changes.values():
            assert old in one.voc[NAME]
            one.voc[NAME] = one.voc[NAME].replace(old, new)
    return damage


def class_in_val_only(one):
    one.lists = {"train": ["图 0", "图 2"], "val": [NAME]}
    one.voc[NAME] = one.voc[NAME].replace("dog", "cow")


VOC = {
    "a missing XML": (lambda o: o.lists["train"].append("nope"), "train.txt, line 7: ", "nope.xml is missing"),
    "an empty list": (lambda o: o.lists.update(train=[]), "train.txt: names no pictures"),
    "a cut XML": (lambda o: o.voc.update({NAME: o.voc[NAME][:80]}), f"{NAME}.xml: is cut off"),
    "no number": (voc(a=("<xmin>", "<xmin>a")), f"{NAME}.xml: <xmin> is 'a"),
    "no width": (voc(a=("<width>64", "<width>wide")), f"{NAME}.xml: <width> is 'wide', not a number"),
    "a class in val only": (class_in_val_only, "data.val", "has the class 'cow'", "name all classes in labels.txt"),
    "no objects at all": (lambda o: o.voc.update(dict.fromkeys(o.voc, "<annotation/>")), "holds no class names"),
    "all difficult": (lambda o: o.voc.update({k: v.replace("<difficult>0", "<difficult>1") for k, v in o.voc.items()}),
                      "hold no box to learn: 12 are difficult"),
}


@pytest.mark.parametrize("case", VOC)
def test_voc(made, case):
    damage, *words = VOC[case]
    one = made("VocDetection")
    damage(one)
    refused(one.run(), *words)


YOLO = {
    "class beyond the names": ("2 0.5 0.5 0.1 0.1\n", f"{NAME}.txt, line 1: class 2 is not in 0..1"),
    "negative class": ("-1 0.5 0.5 0.1 0.1\n", "line 1: class -1 is not in 0..1"),
    "four columns": ("0 0.5 0.5 0.1 0.1\n\n0 0.5 0.5 0.1\n", "line 3: expected `class cx cy width height`, got 4"),
    "a word": ("0 0.5 0.5 a 0.1\n", "line 1: "),
}


@pytest.mark.parametrize("case", YOLO)
def test_yolo(made, case):
    one = made("YoloDetection")
    one.yolo[NAME], *words = YOLO[case]
    refused(one.run(), *words)


def test_yolo_without_names_texts_or_pictures(made):
    one = made("YoloDetection")
    one.names = None
    refused(one.run(), "the class names are missing; write them to classes.txt")
    one.names, one.yolo = "a\nb\n", {}
    shutil.rmtree(one.root / "labels")
    refused(one.run(), "none of its 6 pictures has a text file of boxes")
    (one.root / "empty").mkdir()
    one.config["data"]["train"]["file"] = "empty"
    refused(one.run(), "empty: no pictures here")


def test_yolo_in_pixels(made):
    one = made("YoloDetection")
    one.yolo = dict.fromkeys(one.yolo, "0 30 40 10 20\n")
    refused(one.run(), "6 are faulty, the first in", "box outside: (1600, 1920, 2240, 3200)")


def test_a_windows_editor_changes_nothing_and_faulty_boxes_are_counted(made):
    one = made("YoloDetection")
    one.yolo[NAME] = b"\xef\xbb\xbf" + one.yolo[NAME].replace("\n", "\r\n").encode()
    one.names = "\ufeff" + one.names.replace("\n", "\r\n")
    one.yolo["图 2"] = "0 nan 0.5 0.5 0.1\n1 0.5 0.5 1.5 0.1\n"  # the second is cut at the edges
    trained(one.run(), "data.train: faulty boxes left out: 1; ppmobile check names them")


LABELME = {
    "no imagePath": ({"imagePath": None}, "has no 'imagePath'"),
    "no points": ({"shapes": [{"label": "dog", "points": [], "shape_type": "polygon"}]}, "shapes[0]", "has no points"),
    "no shapes": ({"shapes": None}, "is no LabelMe file"),
    "a picture that is gone": ({"imagePath": "..\\x\\gone.png"}, "gone.png: missing: no such file"),
}


@pytest.mark.parametrize("case", LABELME)
def test_labelme(made, case):
    one = made("LabelMeDetection")
    changes, *words = LABELME[case]
    one.labelme[NAME].update(changes)
    refused(one.run(), *words)


def test_labelme_with_polygons_and_embedded_pictures(made):
    one = made("LabelMeDetection")
    one.labelme[NAME]["imageData"] = "iVBOR" * 9
    one.labelme[NAME]["shapes"][0] = {"label": "dog", "points": [[5, 5], [30, 8], [20, 40]], "shape_type": "polygon"}
    trained(one.run())


def test_an_empty_folder_of_labelme(made):
    one = made("LabelMeDetection")
    (one.folder / "empty").mkdir()
    one.config["data"]["train"]["root"] = str(one.folder / "empty")
    refused(one.run(), "empty: no LabelMe files here")


def test_other_category_ids_and_order_in_val_train_on_the_right_classes(made):
    one = made()
    trained(one.run())
    row = (one.folder / "run" / "metrics.csv").read_text(encoding="utf-8").splitlines()[1].split(",")
    one.coco["val"] = one.coco_of(one.lists["val"], ids=(7, 3))
    one.coco["train"] = one.coco_of(one.lists["train"], ids=(4, 90))
    trained(one.run("train", "--overwrite"))
    again = (one.folder / "run" / "metrics.csv").read_text(encoding="utf-8").splitlines()[1].split(",")
    assert row[:7] == again[:7]  # epoch, rate and losses, to the last digit


def test_classes_without_a_box_are_named_before_training(made):
    one = made()
    one.coco["train"]["annotations"] = one.coco["train"]["annotations"][::2]
    trained(one.run(), "data.train: no box to learn of 1 of the 2 classes: [dog]")


def test_a_rate_that_explodes_names_the_pictures(made):
    one = made()
    one.config["train"].update(lr=1e6, epochs=3)
    status, out, text = one.run()
    assert status == 2 and text.count("\n") == 1
    assert " is nan at step " in text and "smaller train.lr" in text and f"{one.picture('图 4')}" in text


def grown(one, image, **options):
    """Replace the picture NAME by another one, with one box over its upper half."""
    image.save(one.picture(NAME), **options)
    width, height = image.size
    for part in one.coco.values():
        part["images"][1].update(width=width, height=height)
        own = [a for a in part["annotations"] if a["image_id"] == 2]
        change(own, bbox=[0, 0, width, max(1, height // 2)])


@pytest.mark.parametrize("mode, size", [
    ("RGB", (1, 1)), ("RGB", (1, 5000)), ("RGB", (5000, 1)), ("L", (40, 30)), ("RGBA", (40, 30)), ("I;16", (40, 30)),
    ("CMYK", (40, 30))])
def test_unusual_pictures_are_trained_on(made, mode, size):
    one = made()
    grown(one, Image.new(mode, size), format="JPEG" if mode == "CMYK" else "PNG")
    trained(one.run())


def camera(code):
    exif = Image.Exif()
    exif[0x0112] = code
    return {"format": "JPEG", "exif": exif}


def test_boxes_of_a_picture_that_its_tool_did_not_turn_are_turned(made):
    one = made()
    grown(one, Image.new("RGB", (40, 30)), **camera(6))
    status, out, _ = one.run("check")
    assert status == 0
    assert "labelled as it is stored, 40x30; EXIF orientation 6 makes it 30x40, and its boxes are turned with it" in out
    for part in one.coco.values():  # and a tool that turned it states 30x40: then nothing is done
        part["images"][1].update(width=30, height=40)
    assert "boxes turned" not in one.run("check")[1]


def test_a_net_of_other_classes(made):
    one = made()
    trained(one.run())
    run = one.folder / "run"
    one.coco["val"] = one.coco_of(one.lists["val"], ids=(9, 2))  # the other order is no other class
    assert one.run("eval", "-w", run)[0] == 0
    for part in one.coco.values():
        part["categories"].append({"id": 30, "name": "cow"})
    refused(one.run("eval", "-w", run), "was trained on 2 classes", "data.val has 3")
    refused(one.run("train", "--resume", run), "was trained on 2 classes", "the training data has 3")
    one.config["output"], one.config["model"]["pretrained"] = str(one.folder / "more"), str(run)
    status, out, _ = one.run()
    layers = ", ".join(f"head.outputs.{i}.{kind}" for i in range(3) for kind in ("weight", "bias"))
    assert status == 0 and f"; {layers} start fresh (2 classes in the file, 3 in the model)\n" in out
    for part in one.coco.values():
        part["categories"][2]["name"] = "pig"
    one.config["output"], one.config["model"]["pretrained"] = str(one.folder / "pigs"), str(one.folder / "more")
    trained(one.run(), "layers were trained for [猫 cat, dog, cow], and start from there for [猫 cat, dog, pig]")
