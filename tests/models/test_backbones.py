"""Every registered backbone: what it returns is what it declares, everything in it learns, and its size is right."""

import math

import numpy as np
import paddle
import pytest

from ppmobile.errors import ConfigError
from ppmobile.models import BACKBONES
from ppmobile.models.build import build_model
from ppmobile.profiling.macs import count

# a small member of each family keeps the tests fast; a family that is not here is tested with its defaults
SMALL = {
    "PPLCNet": {"scale": 0.25},
    "PPLCNetV2": {"size": "small"},
    "MobileNetV1": {"scale": 0.25},
    "MobileNetV2": {"scale": 0.25},
    "MobileNetV3": {"scale": 0.35},
    "ResNetVd": {"depth": 18},
}
NAMES = BACKBONES.names()


def build(name, **options):
    """The small member of a family."""
    return BACKBONES.build({"name": name, **SMALL.get(name, {}), **options})


def image(*shape):
    """A repeatable random picture batch."""
    return paddle.to_tensor(np.random.RandomState(0).standard_normal(shape).astype(np.float32))


def check_maps(backbone, height, width, batch=1):
    """Run it and hold every map against the declared channels and strides."""
    backbone.eval()
    with paddle.no_grad():
        maps = backbone(image(batch, 3, height, width))
    expected = [
        [batch, c, math.ceil(height / s), math.ceil(width / s)] for c, s in zip(backbone.channels, backbone.strides)
    ]
    assert [m.shape for m in maps] == expected


@pytest.mark.parametrize("name", NAMES)
def test_last_map_at_two_sizes(name):
    backbone = build(name)
    assert backbone.strides == [32]
    check_maps(backbone, 64, 96, batch=2)
    check_maps(backbone, 65, 47)


@pytest.mark.parametrize("name", NAMES)
def test_pyramid_maps(name):
    backbone = build(name, out_strides=[8, 16, 32])
    assert backbone.strides == [8, 16, 32]
    check_maps(backbone, 64, 96)
    assert not any(key.startswith("last_conv") for key in backbone.state_dict())


@pytest.mark.parametrize("name", NAMES)
def test_a_single_early_map_needs_no_later_block(name):
    early, full = build(name, out_strides=[8]), build(name)
    check_maps(early, 64, 64)
    assert len(early.state_dict()) < len(full.state_dict())
    assert set(early.official_names().items()) < set(full.official_names().items())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("out_strides", [None, (8, 16)])
def test_every_trained_parameter_gets_a_gradient(name, out_strides):
    backbone = build(name, out_strides=out_strides)
    # two unlike pictures: batch norm of a single value has no gradient. The weights make the sums uneven
    sum((m * image(*m.shape)).sum() for m in backbone(image(2, 3, 64, 64))).backward()
    without = [key for key, p in backbone.named_parameters() if not p.stop_gradient and p.grad is None]
    assert without == []


@pytest.mark.parametrize("name", NAMES)
def test_official_names_are_unique_and_in_order(name):
    names = build(name).official_names()
    assert list(names) == list(build(name).state_dict())
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("out_strides", [[7], [16, 8], [8, 8], [64], [], 8])
def test_an_impossible_stride_is_refused_with_the_possible_ones(name, out_strides):
    with pytest.raises(ConfigError, match=r"out_strides .* use a growing list of \[.*8, 16, 32\]"):
        build(name, out_strides=out_strides)


@pytest.mark.parametrize(
    "part, message",
    [
        ({"name": "PPLCNet", "scale": 0.3}, "scale 0.3 is not supported, use one of 0.25, 0.35"),
        ({"name": "PPLCNetV2", "size": "huge"}, "size 'huge' is not supported, use one of small, base, large"),
        ({"name": "MobileNetV1", "scale": 2}, "use one of 0.25, 0.5, 0.75, 1.0"),
        ({"name": "MobileNetV2", "scale": 0.35}, "use one of 0.25, 0.5, 0.75, 1.0, 1.5, 2.0"),
        ({"name": "MobileNetV3", "size": "Large"}, "size 'Large' is not supported, use one of large, small"),
        ({"name": "MobileNetV3", "scale": 1.5}, "use one of 0.35, 0.5, 0.75, 1.0, 1.25"),
    ],
)
def test_an_unknown_width_is_refused_with_the_known_ones(part, message):
    with pytest.raises(ConfigError, match=message):
        BACKBONES.build(part, "model.backbone")


# Millions of MACs at 224 px as published. PP-LCNet (2109.15099, table 6) also counts what is neither convolution
# nor linear, hence 8 %. MobileNetV1 (1704.04861, table 6), V3 large (1905.02244, table 3), EfficientNet-B0
# (1905.11946, table 2: 0.39 B). MobileNetV2 (1801.04381: 300 M) has in PaddleClas one more 1x1 convolution:
# 32 * 32 * 112 * 112 = 12.8 M.
PUBLISHED = [
    ({"name": "PPLCNet", "scale": 0.25}, 18, 0.08),
    ({"name": "PPLCNet", "scale": 0.35}, 29, 0.08),
    ({"name": "PPLCNet", "scale": 0.5}, 47, 0.08),
    ({"name": "PPLCNet", "scale": 0.75}, 99, 0.08),
    ({"name": "PPLCNet", "scale": 1.0}, 161, 0.08),
    ({"name": "PPLCNet", "scale": 1.5}, 342, 0.08),
    ({"name": "PPLCNet", "scale": 2.0}, 590, 0.08),
    ({"name": "PPLCNet", "scale": 2.5}, 906, 0.08),
    ({"name": "MobileNetV1", "scale": 0.5}, 149, 0.01),
    ({"name": "MobileNetV1", "scale": 1.0}, 569, 0.01),
    ({"name": "MobileNetV2"}, 312.8, 0.01),
    ({"name": "MobileNetV3", "size": "large"}, 219, 0.01),
    ({"name": "EfficientNetB0"}, 387, 0.01),
]


@pytest.mark.parametrize("part, millions, tolerance", PUBLISHED)
def test_published_macs(part, millions, tolerance):
    model = build_model({"backbone": part}, "classify", 1000)
    assert count(model).macs / 1e6 == pytest.approx(millions, rel=tolerance)


def test_published_size_of_pplcnet():
    """Counted on the official net: 154,420,480 MACs in convolutions, 1,280,000 in the class layer."""
    counted = count(build_model({"backbone": {"name": "PPLCNet"}}, "classify", 1000))
    assert (counted.macs, counted.params) == (155_700_480, 2_952_520)


def test_every_backbone_is_offered_by_its_package():
    from ppmobile.models import backbones

    assert backbones.PPLCNet is BACKBONES.get("PPLCNet")
    assert set(backbones.__all__) == set(BACKBONES.names())
