"""What holds for every transform: shapes, purity, repeatability, odd pictures; and the way through YAML."""

import subprocess
import sys

import numpy as np
import pytest
import yaml

from ppmobile.data.frame import whole
from ppmobile.data.sample import Sample
from ppmobile.errors import ConfigError
from ppmobile.transforms import TRANSFORMS, Compose

OPTIONS = {"Resize": {"size": [20, 30]}, "Pad": {"size": [60, 70]}, "ColorJitter": {"hue": 0.2},
           "RandomErasing": {"p": 1.0}, "GridMask": {"p": 1.0}, "Flip": {"p": 1.0},
           "RandomCrop": {"size": 16, "padding": 3}, "Mosaic": {"size": [40, 30]},
           "RandomResize": {"sizes": [[20, 30]]}}  # fmt: skip
SHAPES = {"Resize": (20, 30, 3), "Pad": (60, 70, 3), "RandomCrop": (16, 16, 3), "CenterCrop": (224, 224, 3),
          "RandomResizedCrop": (224, 224, 3), "Mosaic": (40, 30, 3), "RandomResize": (20, 30, 3)}  # fmt: skip
PICTURES = [(1, 1), (1, 50), (50, 1), (2, 2), (37, 53)]


def build(name):
    return TRANSFORMS.build({"name": name, **OPTIONS.get(name, {})})


def picture(height, width, boxes=True):
    image = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    some = {"boxes": np.float32([[0, 0, width, height], [0, 0, width / 2, height]]), "labels": np.int64([3, 5]),
            "mask": image[:, :, 0] % 4, "attributes": np.int64([[1], [0]]),
            "difficult": np.array([False, True])}  # fmt: skip
    return whole(Sample(image, label=2, path="a.jpg", index=4, **(some if boxes else {})))


def parts_of(sample):
    every = (sample.image, sample.boxes, sample.labels, sample.mask, sample.attributes, sample.difficult, sample.frame)
    return [a for a in every if a is not None]


def apply(step, sample, rng):
    """The step on a sample, with other pictures where it takes some."""
    others = [lambda: picture(41, 29, len(sample.boxes) > 0)] if step.takes_others else []
    return step(sample, rng, *others)


@pytest.mark.parametrize("name", TRANSFORMS.names())
@pytest.mark.parametrize("size", PICTURES)
@pytest.mark.parametrize("boxes", [True, False])
def test_every_transform_on_odd_pictures(name, size, boxes):
    sample = picture(*size, boxes)
    before = [a.copy() for a in parts_of(sample)]
    for array in parts_of(sample):
        array.setflags(write=False)  # writing into a shared array raises
    out = apply(build(name), sample, np.random.default_rng((0, 1, 2)))
    again = apply(build(name), sample, np.random.default_rng((0, 1, 2)))
    for a, b in zip(before, parts_of(sample)):
        assert np.array_equal(a, b)
    for a, b in zip(parts_of(out), parts_of(again)):
        assert np.array_equal(a, b) and a.dtype == b.dtype
    assert (out.label, out.path, out.index, out.size) == (2, "a.jpg", 4, size)
    assert out.frame.dtype == np.float32 and out.frame.shape == (4,)
    assert out.image.shape == SHAPES.get(name, out.image.shape)
    assert out.image.dtype == (np.float32 if name in ("Normalize", "ToCHW") else np.uint8)
    assert out.boxes.dtype == np.float32 and out.boxes.shape == (len(out.labels), 4)
    if boxes and name != "ToCHW":
        assert out.mask.shape == out.image.shape[:2]
        assert len(out.attributes) == len(out.difficult) == len(out.boxes)
        assert (out.boxes >= 0).all() and (out.boxes <= [out.width, out.height] * 2).all()


@pytest.mark.parametrize("name", [n for n in TRANSFORMS.names() if not TRANSFORMS.get(n).deploy])
def test_random_transforms_depend_on_the_generator(name):
    sample = picture(37, 53)
    options = {**OPTIONS.get(name, {}), **({"p": 0.5} if name == "Flip" else {})}
    step = TRANSFORMS.build({"name": name, **options})
    results = {apply(step, sample, np.random.default_rng((0, 0, i))).image.tobytes() for i in range(12)}
    assert len(results) > 1


@pytest.mark.parametrize("name", [n for n in TRANSFORMS.names() if TRANSFORMS.get(n).deploy])
def test_deployed_transforms_need_no_generator(name):
    build(name)(picture(10, 10), None)


@pytest.mark.parametrize("name", [n for n in TRANSFORMS.names() if n not in ("Normalize", "ToCHW")])
def test_a_step_behind_normalize_is_a_config_error(name):
    sample = build("Normalize")(picture(10, 10))
    with pytest.raises(ConfigError, match=f"{name} needs a uint8 picture"):
        apply(build(name), sample, np.random.default_rng(0))


@pytest.mark.parametrize("part, words", [
    ({"name": "Resize"}, "needs the option 'size'"),
    ({"name": "Resize", "size": 8, "interp": "bilinear"}, "unknown interp 'bilinear'"),
    ({"name": "Resize", "size": 8.5}, "size must be"),
    ({"name": "Flip", "p": 1.5}, "p must be"),
    ({"name": "Flip", "p": [0.1, 0.2]}, "p: expected a number"),
    ({"name": "RandomResizedCrop", "scale": [1.0, 0.1]}, "scale must be"),
    ({"name": "RandomResizedCrop", "scale": ["a", "b"]}, "scale: each entry: expected a number"),
    ({"name": "Normalize", "std": [1, 1, 0]}, "std"),
    ({"name": "Normalize", "mean": 0.5}, "mean"),
    ({"name": "Pad", "size": 8, "fill": 114}, "fill: expected a list"),
    ({"name": "RandomErasing", "fill": "red"}, "unknown fill 'red'"),
    ({"name": "ColorJitter", "hue": 0.7}, "hue must be"),
    ({"name": "ColorJitter", "p": 2}, "p must be"),
    ({"name": "RandomResize", "sizes": 320}, "sizes and interps must be lists"),
    ({"name": "RandomResize", "sizes": [8], "interps": ["bilinear"]}, "unknown interp 'bilinear'"),
    ({"name": "Expand", "ratio": [0.5, 2.0]}, "ratio must be"),
    ({"name": "RandomIoUCrop", "overlaps": [1.5]}, "overlaps must be"),
    ({"name": "RandomIoUCrop", "ratio": [1.5, 2.0]}, "ratio must hold 1"),
    ({"name": "Mosaic", "size": 1}, "size must leave each quarter a pixel"),
    ({"name": "Mosaic", "size": 8, "fill": [1, 2]}, "fill must be"),
    ({"name": "AutoAugmentBoxes", "policy": "v9"}, "policy must be one of v0, v1, v2, v3"),
    ({"name": "Resise", "size": 8}, "Did you mean 'Resize'"),
])  # fmt: skip
def test_wrong_options_are_config_errors_with_their_place(part, words):
    with pytest.raises(ConfigError, match=words) as error:
        Compose([{"name": "Flip"}, part], "transforms.train")
    assert "transforms.train.1" in str(error.value)


def test_a_deployed_pipeline_through_yaml_gives_the_same_bits(tmp_path):
    parts = [{"name": "RandomResizedCrop"}, {"name": "ResizeShort", "short": 40, "interp": "cubic"},
             {"name": "CenterCrop", "size": [32, 24]}, {"name": "Flip"}, {"name": "ColorJitter"},
             {"name": "Resize", "size": 20, "keep_ratio": True}, {"name": "Pad", "size": 20},
             {"name": "Normalize"}, {"name": "ToCHW"}]  # fmt: skip
    deployed = Compose([p for p in parts if TRANSFORMS.get(p["name"]).deploy])
    written = Compose(parts).to_config()
    path = tmp_path / "deploy.yml"
    path.write_text(yaml.safe_dump(written), encoding="utf-8")
    loaded = Compose(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [p["name"] for p in written] == ["ResizeShort", "CenterCrop", "Resize", "Pad", "Normalize", "ToCHW"]
    assert loaded.to_config() == written
    for size in PICTURES:
        a, b = deployed(picture(*size)).image, loaded(picture(*size)).image
        assert a.shape == (3, 20, 20) and a.dtype == np.float32 and a.flags.c_contiguous
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", TRANSFORMS.names())
def test_every_option_can_be_written_back(name):
    config = build(name).to_config()
    assert TRANSFORMS.build(yaml.safe_load(yaml.safe_dump(config))).to_config() == config


def test_transforms_do_not_import_paddle():
    code = "import sys, ppmobile.transforms; sys.exit(any(m in sys.modules for m in ('paddle', 'PIL', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
