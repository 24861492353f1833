"""The profile of a made-up net, whose shares can be reckoned by hand, and what is said of it."""

import pytest

from ppmobile.profiling.layers import costly, float_layers, fused, profile, ranked, remarks
from ppmobile.profiling.onednn import Primitive
from ppmobile.profiling.operators import Operator

STEM, DEPTHWISE, GATE = (("convolution", 1, 3, 8, 8, 4, 3), ("convolution", 8, 8, 8, 4, 4, 3),
                         ("convolution", 1, 8, 8, 1, 1, 1))
OPS = [
    Operator("stem.conv", "convolution 3x3", "convolution", STEM, 900, 216),
    Operator("stem.bn", "batch_norm", "other", None, 0, 16),
    Operator("block.depthwise", "depthwise 3x3", "depthwise", DEPTHWISE, 90, 72),
    Operator("block.excite", "pool", "squeeze-and-excite", ("pooling", 8, 4, 1), 0, 0),
    Operator("block.excite.conv", "1x1", "squeeze-and-excite", GATE, 10, 64),
    Operator("block.excite", "mul", "squeeze-and-excite", ("binary mul", 1, 8, 4, 4), 0, 0),
]
RAN = [
    Primitive("reorder", ("reorder", 1, 3, 8, 8), "f32", 0.5), Primitive("convolution", STEM, "s8", 2.0),
    Primitive("convolution", DEPTHWISE, "u8", 1.0), Primitive("pooling", ("pooling", 8, 4, 1), "f32", 0.25),
    Primitive("convolution", GATE, "f32", 0.5), Primitive("binary", ("binary mul", 1, 8, 4, 4), "f32", 0.25),
]


@pytest.fixture
def found():
    """4 ms in layers, 0.5 ms of reorders, and 1.5 ms more in a run."""
    return profile(OPS, RAN, "paddle-int8", 6.0)


def test_times_macs_and_shares(found):
    by_path = {layer.path: layer for layer in found.layers}
    assert by_path["block.excite"].ms == 0.5 and by_path["block.excite"].kind == "pool+mul"
    assert by_path["stem.conv"].type == "s8" and by_path["stem.bn"].ms is None and by_path["stem.bn"].params == 16
    assert found.macs == 1000 and found.layers_ms == 4.0 and found.total_ms == 6.0
    assert found.between == {"changes of layout or type": 0.5, "Paddle itself": 1.5}
    assert found.shares([by_path["block.depthwise"]]) == (0.25, 0.09)
    assert found.missing == [] and found.ordered and found.primitives == 6


def test_order_and_the_costly(found):
    assert [layer.path for layer in ranked(found)] == ["stem.conv", "block.depthwise", "block.excite.conv",
                                                       "block.excite"]
    assert [layer.path for layer in fused(found)] == ["stem.bn"]
    assert [layer.path for layer in costly(found)] == ["block.depthwise", "block.excite.conv"]
    assert float_layers(found) == (1, 3)


def test_remarks(found):
    said = "\n".join(remarks(found))
    assert "a run takes 6.00 ms, the layers 4.00 ms of it" in said
    assert "Paddle itself: 1.50 ms, 25% of the run, 0.250 ms for each of 6 calls" in said
    assert "depthwise convolutions: 25% of the layers' time for 9.0% of the MACs" in said
    assert "squeeze-and-excite: 25% of the layers' time for 1.0% of the MACs" in said
    assert "1 of 3 layers stay in float, 12% of the layers' time: block.excite.conv" in said
    assert remarks(found)[-1].startswith("cost more than 2 times what their MACs say: block.depthwise (25.0% of the "
                                         "time, 9.0% of the MACs), block.excite.conv (12.5%")


def test_what_was_not_found_is_said():
    found = profile(OPS, RAN[:2], "paddle-fp32", 0.0)
    assert found.missing == ["block.depthwise", "block.excite.conv"]
    said = "\n".join(remarks(found))
    assert "2 layers were not found in oneDNN's report" in said and "no layer with 2% of the layers' time" in said
    assert "Paddle itself" not in said  # the report was slower than the run: nothing is left over


def test_eager_times_go_to_their_layers():
    eager = {"stem.conv": 3.0, "stem.bn": 1.0, "block.depthwise": 4.0, "": 2.0}
    found = profile(OPS, RAN, "paddle-fp32", 6.0, eager)
    by_path = {layer.path: layer for layer in found.layers}
    assert by_path["stem.bn"].eager_ms == 1.0 and by_path[""].eager_ms == 2.0 and by_path[""].ms is None
    assert "MACs; eagerly 40% of all time" in "\n".join(remarks(found))


def test_bf16_names_what_stays_in_fp32():
    ran = [one._replace(type={"s8": "bf16", "u8": "bf16"}.get(one.type, one.type)) for one in RAN]
    assert any("1 of 3 layers stay in fp32" in line for line in remarks(profile(OPS, ran, "paddle-bf16", 6.0)))
    ran = [one._replace(type="bf16") for one in RAN]
    assert any("all 3 layers run in bf16" in line for line in remarks(profile(OPS, ran, "paddle-bf16", 6.0)))
