"""Judgements from features of real CPUs (as /proc/cpuinfo names them) and figures like those measured on them."""

import pytest

from ppmobile.profiling.verdict import judge

HASWELL = frozenset({"sse2", "avx", "avx2", "fma"})  # Xeon E5-2699 v3
CASCADE_LAKE = HASWELL | {"avx512f", "avx512_vnni"}  # Xeon Gold 6248
ALDER_LAKE = HASWELL | {"avx_vnni"}  # Core i7-12700
ZEN4 = CASCADE_LAKE | {"avx512_bf16", "avx_vnni"}  # EPYC 9004
RASPBERRY = frozenset({"fp", "asimd"})  # Cortex-A72 of a Raspberry Pi 4
N1 = RASPBERRY | {"asimddp", "asimdhp"}  # Neoverse N1


def rows(**medians):
    """Rows of latency.bench with these medians; ratios to paddle_fp32."""
    base = medians.get("paddle_fp32")
    return [{"runtime": name.replace("_", "-"), "reason": "", "median_ms": ms, "ratio": base and base / ms,
             "p10_ms": ms, "p90_ms": ms, "noise": 0.01, "top1": None} for name, ms in medians.items()]


def said(features, found, details=None):
    """The judgement as one text."""
    return "\n".join(judge(features, found, details))


def test_int8_that_pays_names_the_feature():
    text = said(CASCADE_LAKE, rows(paddle_fp32=8.0, paddle_int8=5.0, openvino_int8=2.0))
    assert "openvino-int8 is the fastest here, 2.00 ms, 4.00 times as fast as paddle-fp32 (avx512_vnni)" in text
    assert "paddle-int8 is 1.60 times as fast as paddle-fp32 (avx512_vnni)" in text


@pytest.mark.parametrize(("features", "named"), [
    (HASWELL, "avx512_vnni or avx_vnni or amx_int8"), (RASPBERRY, "asimddp"),
])
def test_int8_without_the_instructions(features, named):
    text = said(features, rows(paddle_fp32=8.0, paddle_int8=10.0, openvino_fp32=7.0))
    assert f"paddle-int8 is slower than paddle-fp32, 0.80 times as fast: the CPU has no {named}" in text


@pytest.mark.parametrize("features", [ALDER_LAKE, N1, ZEN4])
def test_any_of_the_instructions_will_do(features):
    assert "the CPU has no" not in said(features, rows(paddle_fp32=8.0, paddle_int8=9.0, openvino_fp32=7.0))


def test_bf16_without_the_instructions():
    text = said(CASCADE_LAKE, rows(paddle_fp32=8.0, paddle_bf16=12.0, openvino_fp32=7.0))
    assert "paddle-bf16 is slower than paddle-fp32, 0.67 times as fast: the CPU has no avx512_bf16 or amx_bf16" in text


def test_reasons_in_the_layers():
    found = rows(paddle_fp32=3.0, paddle_int8=3.3, openvino_fp32=2.0)
    text = said(ZEN4, found, {"float_layers": (18, 55), "between": 0.6, "depthwise": 0.4})
    assert "18 of 55 layers stay in float and 60% of a run lies between the layers" in text
    assert "depthwise convolutions, which wait for memory, take 40% of the layers' time" in text
    assert "stay in float" not in said(ZEN4, found, {"float_layers": (1, 55)})


def test_a_lower_precision_is_measured_against_its_own_library():
    text = said(ZEN4, rows(paddle_fp32=4.0, openvino_fp32=1.0, openvino_int8=1.2, onnx_fp32=0.9))
    assert "openvino-int8 is 3.33 times as fast as paddle-fp32" in text
    assert "beside openvino-fp32 it gains nothing: the net is small (1.00 ms)" in text


def test_no_reason_is_made_up():
    # as onnx-int8 of MobileNetV3-small here: five times slower is more than conversions
    text = said(ZEN4, rows(paddle_fp32=3.1, onnx_fp32=1.4, onnx_int8=7.9), {"between": 0.6})
    assert "beside onnx-fp32 it gains nothing: the figures tell no reason\n" in text


def test_unknown_features_and_reasons_are_admitted():
    found = rows(paddle_fp32=8.0, paddle_int8=9.0)
    assert "the figures tell no reason; ppmobile profile shows the layers" in said(None, found)
    assert said(None, found).startswith("paddle-fp32 is the fastest here, 8.00 ms")


def test_noise():
    found = rows(paddle_fp32=8.0, onnx_fp32=8.1)
    assert said(ZEN4, found).endswith("the medians of the turns vary by 1% at most")
    assert "onnx-fp32 is as fast as" in said(ZEN4, found)
    found[1]["noise"] = 0.3
    assert "vary by up to 30% (onnx-fp32): close other programs" in said(ZEN4, found)


def test_one_turn_tells_no_noise():
    found = rows(paddle_fp32=8.0, onnx_fp32=8.1)
    for row in found:
        row["noise"] = None
    text = said(ZEN4, found)
    assert text.endswith("one turn: noise not known; --runs 20 or more take several") and "vary" not in text


@pytest.mark.parametrize("noise", [0.01, None])
def test_runs_that_lie_apart_are_told_though_the_turns_agree(noise):
    found = rows(paddle_fp32=8.0, onnx_fp32=8.0)
    found[0].update(noise=noise)
    found[1].update(p10_ms=7.0, p90_ms=12.0, noise=noise)
    assert "single runs of onnx-fp32 take 7.00 to 12.00 ms (p10 to p90, 62% of the median): close" in said(ZEN4, found)
    found[1].update(p90_ms=8.0)
    assert "single runs" not in said(ZEN4, found)


def test_accuracy_that_is_lost_is_told():
    found = rows(paddle_fp32=8.0, paddle_int8=4.0, openvino_bf16=3.0)
    for row, top1 in zip(found, (0.90, 0.875, 0.899)):
        row["top1"] = top1
    text = said(ZEN4, found)
    assert "paddle-int8 loses 2.5 points of top-1 against paddle-fp32" in text and "openvino-bf16 loses" not in text


def test_without_paddle_and_without_anything():
    assert "openvino-fp32 is the fastest here, 2.00 ms; without paddle-fp32" in said(ZEN4, rows(openvino_fp32=2.0))
    nothing = rows(paddle_fp32=1.0)
    nothing[0]["reason"] = "paddle is not installed"
    assert judge(ZEN4, nothing) == ["nothing could run here; the reasons stand in the table"]


def test_lite_is_not_for_x86():
    assert "Paddle Lite is made for ARM" in said(ZEN4, rows(paddle_fp32=3.0, lite_fp32=9.0))
