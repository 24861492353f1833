"""Which pictures the runtimes have to agree on, and how a changed preprocessing is named."""

import re

import numpy as np
import pytest

from ppmobile.artefact import golden, read
from ppmobile.config import from_tree
from ppmobile.errors import DataError
from ppmobile.export.trial_pictures import gather, variations


@pytest.fixture
def kept(exported):
    """The golden sample."""
    return golden(exported)


def with_steps(exported, change):
    """The Artefact with its preprocessing changed in memory."""
    artefact = read(exported)
    change(artefact.deploy["preprocess"])
    return artefact


def test_pictures_of_a_folder(exported, kept, pictures):
    found = gather(read(exported), kept, pictures, count=5)
    again = gather(read(exported), kept, str(pictures), count=5)
    assert len(found.inputs) == 7 and found.origin == f"5 pictures of {pictures}" and not found.problem
    assert all(x.shape == (1, 3, 16, 16) and x.dtype == np.float32 for x in found.inputs)
    assert all((a == b).all() for a, b in zip(found.inputs, again.inputs))
    assert (found.inputs[1][0, :, 0, 0] == found.inputs[1][0, :, 5, 5]).all()  # the blank one


def test_pictures_of_the_config(exported, kept, tiny):
    assert gather(read(exported), kept, config=from_tree(tiny, {}, "c"), count=4).origin == "4 pictures of data.val"


def test_data_that_is_gone_is_told_and_variations_stand_in(exported, kept, tiny, data):
    config = from_tree(tiny, {}, "c")
    for split in ("train", "val", "test"):
        getattr(config.data, split)["root"] = str(data / "gone")
    found = gather(read(exported), kept, config=config, count=3)
    assert len(found.inputs) == 5
    assert found.origin.startswith("data.val: ") and found.origin.endswith("; 3 variations of the golden picture")


def test_without_anything_variations_stand_in(exported, kept):
    assert gather(read(exported), kept).origin == "20 variations of the golden picture"


def test_unreadable_pictures_are_passed_over(exported, kept, tmp_path, pictures):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    good = next(iter(pictures.rglob("*.png")))
    (tmp_path / "图.png").write_bytes(good.read_bytes())
    assert gather(read(exported), kept, tmp_path).origin == f"1 pictures of {tmp_path}"


def test_a_folder_that_is_not_there_is_an_error(exported, kept, tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        gather(read(exported), kept, tmp_path / "gone")


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 500, 3), (64, 48, 3)])
def test_variations_are_pictures(shape):
    image = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    made = variations(image, 8)
    assert len(made) == 8 and all(p.dtype == np.uint8 and p.ndim == 3 and p.size for p in made)


def drop(steps):
    """Take the last but one step away."""
    del steps[-2]


@pytest.mark.parametrize(("change", "named"), [
    (lambda steps: steps[1].update(mean=[0.5, 0.5, 0.5]), r"preprocess.1 \(Normalize\): gives other numbers"),
    (lambda steps: steps[0].update(interp="cubic"), r"preprocess.0 \(Resize\): gives other numbers"),
    (lambda steps: steps[0].update(size=24), r"preprocess.0 \(Resize\): gives \[1, 3, 24, 24\] .* \[1, 3, 16, 16\]"),
    (lambda steps: steps[0].update(name="Resise"), r"preprocess.0 \(Resize\): .*unknown transform 'Resise'"),
    (lambda steps: steps[0].update(size="big"), r"preprocess.0 \(Resize\): "),
    (lambda steps: steps.insert(0, {"name": "CenterCrop", "size": 8}), r"preprocess.0 \(Resize\): gives other numbers"),
    (drop, r"preprocess.1 \(Normalize\)"),
    (lambda steps: steps.pop(), r"preprocess.2 \(ToCHW\): "),
    (lambda steps: steps.clear(), r"preprocess.0 \(Resize\): "),
])
def test_a_changed_step_is_named_and_the_kept_steps_are_used(exported, kept, change, named):
    found = gather(with_steps(exported, change), kept, count=1)
    assert re.match(named, found.problem), found.problem
    assert all(x.shape == (1, 3, 16, 16) for x in found.inputs)


def test_a_change_in_both_copies_is_noticed_by_the_hash(exported, kept):
    change = lambda steps: steps[1].update(mean=[0.5, 0.5, 0.5])  # noqa: E731
    change(kept["deploy"]["preprocess"])
    found = gather(with_steps(exported, change), kept, count=1)
    assert "all steps are as in golden.json" in found.problem and "gives other numbers" in found.problem
