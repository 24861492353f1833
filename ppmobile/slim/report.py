"""What post-training quantization did, as tables: the layers, what it costs in accuracy, what it gains in time."""

from ..profiling.latency import bench

SHOWN = 12  # layers in the table: the worst, and all that stay in float
RUNTIMES = ("paddle", "onnx", "openvino")  # whose int8 can be timed here


def layer_table(result):
    """Lines: the layers that suffer most from int8 alone, and in which targets each stays in float for its accuracy."""
    lines = [f"{'error':>7}  {'range by':<8}  layer"]
    for place, entry in enumerate(result.ranking):
        where = [name for name, found in result.found.items() if entry.layer in found.suffering]
        if place < SHOWN or where:
            note = f"   float in {', '.join(where)}" if where else ""
            lines.append(f"{entry.error:7.3f}  {entry.algorithm:<8}  {entry.layer}{note}")
    hidden = 1 + len(result.ranking) - len(lines)
    return [*lines, *([f"         and {hidden} layers that suffer less"] if hidden else [])]


def loss_table(result):
    """Lines: what int8 costs in each target, and how many layers are in float, for their accuracy or anyhow."""
    lines = []
    for name, found in result.found.items():
        anyhow = len(found.keep_float) - found.count
        others = f", {anyhow} more anyhow (squeeze-and-excitation, --keep-float)" if anyhow else ""
        lines.append(f"{name:<9} {found.loss}; {found.count} layers in float for their accuracy{others}")
    return lines


def speed_table(artefact, runs=100):
    """Lines: how many times as fast as fp32 the same library runs int8 here, one thread, both measured in turns."""
    lines = []
    for name in RUNTIMES:
        names = [f"{name}-fp32", f"{name}-int8"]
        rows = bench([artefact], names, 1, runs, say=lambda line: None)
        if not any(row["reason"] for row in rows):
            fp32, int8 = (row["median_ms"] for row in rows)
            verdict = "" if int8 < fp32 else ": int8 does not pay on this CPU"
            lines.append(f"{names[1]}: {int8:.2f} ms, fp32 {fp32:.2f} ms, {fp32 / int8:.2f}x{verdict}")
    return lines
