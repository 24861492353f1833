"""Post-training quantization of a tiny detector, untrained, but made to find boxes everywhere."""

import shutil

import numpy as np
import pytest

from ppmobile.artefact import read
from ppmobile.config import load
from ppmobile.errors import DataError
from ppmobile.slim.pictures import gather
from ppmobile.slim.ptq import Settings, quantize


@pytest.fixture(scope="module")
def box_set(tmp_path_factory):
    """The tiny data set of boxes, with its files written."""
    from box_sets import BoxSet

    one = BoxSet(tmp_path_factory.mktemp("boxes"))
    one.config["model"] = {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [4, 8]},  # few layers
                           "head": {"name": "YOLOv3Head", "anchors": [[12, 12], [24, 24]]}}
    one.file = one.config_file()
    return one


@pytest.fixture(scope="module")
def detector(box_set):
    """The artefact of a YOLOv3 that is sure of what it finds."""
    import paddle

    from ppmobile.export.write import export_model
    from ppmobile.models.build import build_model

    paddle.seed(0)
    config = load(box_set.file, [])
    tree = {"backbone": config.model.backbone, "neck": config.model.neck, "head": config.model.head}
    net = build_model(tree, "detect", 2)
    for output in net.head.outputs:  # YOLOv3 starts with a score of 0.005 everywhere
        output.bias.set_value(np.full(output.bias.shape, 2.0, np.float32))
    folder = box_set.folder / "artefact é"
    export_model(net, config, ["猫 cat", "dog"], folder, say=lambda line: None)
    return folder


def test_pictures_of_boxes_know_the_way_back(box_set, detector):
    first, second = gather(read(detector), 4, load(box_set.file, []))
    assert len(first) == 4 and len(second) == 3 and second.images.shape == (3, 3, 64, 64)
    own = {tuple(map(tuple, one["boxes"])) for one in second.truths}
    assert own == {tuple(tuple(map(float, box[1:])) for box in box_set.boxes[f"图 {i}"]) for i in range(3)}
    assert all(one["size"] == (64, 64) and one["frame"].tolist() == [0, 0, 64, 64] for one in second.truths)


def test_a_folder_of_pictures_has_no_boxes(box_set, detector):
    _, second = gather(read(detector), 3, pictures=box_set.root / "images")
    assert len(second) == 3 and second.truths is None


def test_classes_are_matched_by_name(box_set, detector, tmp_path):
    from box_sets import BoxSet

    turned = BoxSet(tmp_path)
    turned.coco = {part: turned.coco_of(names, ids=(2, 1), classes=["dog", "猫 cat"][::-1])
                   for part, names in turned.lists.items()}
    _, second = gather(read(detector), 4, load(turned.config_file(), []))
    assert sorted(np.concatenate([one["labels"] for one in second.truths])) == [0, 0, 0, 1, 1, 1]
    foreign = BoxSet(tmp_path / "other")
    foreign.coco = {part: foreign.coco_of(names, classes=["cow", "dog"]) for part, names in foreign.lists.items()}
    with pytest.raises(DataError, match="data.train: has the class 'cow', which is not among the 2 classes"):
        gather(read(detector), 4, load(foreign.config_file(), []))


def test_from_boxes_to_int8(box_set, detector, tmp_path, monkeypatch):
    pytest.importorskip("paddleslim")
    from ppmobile.slim.judge import BoxJudge

    monkeypatch.setattr(BoxJudge, "pictures", 1)
    folder = shutil.copytree(detector, tmp_path / "copy")
    pictures = gather(read(folder), 4, load(box_set.file, []))
    result = quantize(folder, *pictures, Settings(targets=(), max_drop=1.0), say=lambda line: None)
    again = read(folder)  # checks all hashes
    assert again.has("int8/inference.pdmodel") and not again.problems
    about = again.deploy["quantization"]["targets"]["paddle"]
    assert set(about) == {"keep_float", "agreement", "map50", "fp32_map50"}
    # the head's bias makes the net find a hundred boxes a picture, whatever is on it, and int8 all of them again;
    # no layer alone costs more than 0.0005 of what they say (measured), and each costs something
    assert result.found["paddle"].loss.agreement > 0.95
    errors = [entry.error for entry in result.ranking]
    assert errors == sorted(errors, reverse=True) and 0 < errors[-1] < errors[0] < 0.05
