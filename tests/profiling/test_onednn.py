"""oneDNN's report: lines recorded from Paddle 3.1.1 (oneDNN 3.6.2), and a real run of a tiny net."""

import pytest

from ppmobile.errors import ExportError
from ppmobile.profiling.onednn import Primitive, parse, parse_run, quiet, report, supported, typical

HEAD = "onednn_verbose,v1,primitive,exec,cpu,"
FLOAT = "src:f32:a:blocked:acdb::f0 wei:f32:a:blocked:Acdb16a::f0 bia:f32::blocked:a::f0 dst:f32:a:blocked:acdb::f0"
LINES = {
    HEAD + f"convolution,brg_conv_fwd:avx512_core,forward_inference,{FLOAT},attr-post-ops:eltwise_hardswish:0.16:0.5,"
    "alg:convolution_direct,mb1_ic3oc16_ih224oh112kh3sh2dh0ph1_iw224ow112kw3sw2dw0pw1,0.5":
        Primitive("convolution", ("convolution", 1, 3, 16, 224, 112, 3), "f32", 0.5),
    HEAD + "convolution,brdgmm_dw:avx512_core_vnni,forward_inference,src:u8:a:blocked:acdb::f0 wei:s8:a:blocked:deA::f0"
    " dst:f32:a:blocked:acdb::f0,attr-scales:src0:0:f32+wei:3:f32 attr-post-ops:eltwise_relu,alg:convolution_direct,"
    "g16mb1_ic16oc16_ih112oh56kh3sh2dh0ph1_iw112ow56kw3sw2dw0pw1,0.0205078":
        Primitive("convolution", ("convolution", 16, 16, 16, 112, 56, 3), "u8", 0.0205078),
    HEAD + "pooling,jit:avx512_core,forward_inference,src:f32::blocked:acdb::f0 dst:f32:a:blocked:acdb::f0,,"
    "alg:pooling_avg_exclude_padding,mb1ic96_ih14oh1kh14sh14dh0ph0_iw14ow1kw14sw14dw0pw0,0.00512695":
        Primitive("pooling", ("pooling", 96, 14, 1), "f32", 0.00512695),
    HEAD + "binary,jit:uni,undef,src:bf16::blocked:acdb::f0 src:bf16::blocked:acdb::f0 dst:bf16:a:blocked:acdb::f0,,"
    "alg:binary_mul,1x16x56x56:1x16x1x1,0.027832":
        Primitive("binary", ("binary mul", 1, 16, 56, 56), "bf16", 0.027832),
    HEAD + "inner_product,brgemm:avx512_core_vnni,forward_inference,src:s8:a:blocked:ab::f0 wei:s8:ap:blocked:AB4b::f1 "
    "dst:f32:a:blocked:ab::f0,attr-scales:src0:0:f32,,mb1ic1280oc3,0.00878906":
        Primitive("inner_product", ("linear", 1280, 3), "s8", 0.00878906),
    HEAD + "matmul,brg:avx512_core,undef,src:f32::blocked:ab::f0 wei:f32::blocked:ab::f0 dst:f32::blocked:ab::f0,,,"
    "4x1280:1280x10,0.01": Primitive("matmul", ("linear", 1280, 10), "f32", 0.01),
    HEAD + "reorder,jit:uni,undef,src:f32::blocked:abcd::f0 dst:f32::blocked:acdb::f0,,,1x3x224x224,0.0529785":
        Primitive("reorder", ("reorder", 1, 3, 224, 224), "f32", 0.0529785),
    HEAD + "softmax,jit:avx512_core_bf16,forward_inference,src:f32::blocked:ab::f0 dst:f32::blocked:ab::f0,,"
    "alg:softmax_accurate axis:1,1x10,0.00415039": Primitive("softmax", ("softmax", 1, 10), "f32", 0.00415039),
    HEAD + "eltwise,jit:avx512_core,forward_training,data:f32::blocked:acdb::f0,,alg:eltwise_relu alpha:0 beta:0,"
    "1x4x1x1,0.00195312": Primitive("eltwise", ("eltwise", 1, 4, 1, 1), "f32", 0.00195312),
}


@pytest.mark.parametrize(("line", "expected"), LINES.items(), ids=[one.kind for one in LINES.values()])
def test_a_line(line, expected):
    assert parse(line) == expected


@pytest.mark.parametrize("line", [
    "", "---    fused 13 elementwise_mul", "onednn_verbose,v1,info,oneDNN v3.6.2 (commit 28d6967)",
    "onednn_verbose,v1,primitive,create:cache_miss,cpu,reorder,jit:uni,undef,src:f32 dst:f32,,,1x3,0.05",
    HEAD + "reorder,jit:uni,undef,src:f32::blocked:abcd::f0 dst:f32::blocked:acdb::f0,,,1x3x22",
])
def test_other_lines_are_passed_over(line):
    assert parse(line) is None and parse_run(line + "\n") == []


def test_runs_become_one_with_quiet_times():
    usual = [[Primitive("a", ("a",), "f32", ms), Primitive("b", ("b",), "f32", 10 * ms)] for ms in (3.0, 1.0, 9.0)]
    odd = [[Primitive("a", ("a",), "f32", 0.1)]]
    assert typical(odd + usual) == [Primitive("a", ("a",), "f32", 1.0), Primitive("b", ("b",), "f32", 10.0)]
    assert typical([]) == []


def test_quiet_is_the_tenth_percentile():
    assert quiet([5.0]) == 5.0 and quiet(list(range(100, 0, -1))) == 10 and quiet([2, 1, 30]) == 1


def test_a_real_report(exported):
    found = report(exported, "paddle-fp32", runs=5)
    assert any(one.key == ("softmax", 1, 3) for one in found)
    assert all(one.ms >= 0 and one.type == "f32" for one in found)
    assert sum(one.kind == "convolution" for one in found) >= 3


def test_runtimes_without_a_report_are_refused(tmp_path):
    with pytest.raises(ExportError, match="onnx-fp32 does not tell .* paddle-fp32, paddle-bf16, paddle-int8"):
        supported("onnx-fp32")
    with pytest.raises(ExportError, match="no artefact"):
        report(tmp_path, "paddle-fp32")
