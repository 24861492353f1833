"""Which operator of a graph makes a conversion or a run fail: a binary search over the graph cut short."""

import tempfile
from pathlib import Path

from paddle.base.data_feeder import convert_dtype

from .program import layer_path, save_graph

_SIDE = ("XShape", "MeanOut", "VarianceOut", "SavedMean", "SavedVariance")  # outputs that only training reads
CURES = {  # operators that Paddle Lite does not take, and what computes the same there
    "channel_shuffle": "reshape, transpose, reshape", "flatten_contiguous_range": "reshape",
    "relu6": "paddle.clip(x, 0, 6)", "swish": "silu or x * sigmoid(x)",
    "index_select": "slices and concat", "gather": "slices and concat",
}


def culprit(graph, works):
    """The operator behind which the Graph cut off no longer passes `works`; the whole graph must not pass.

    works(folder, names): whether the graph written to `folder`, which answers with the variables `names` of `graph`,
    is fine. It is called about log2(number of operators) times.
    """
    ops, block = graph.ops, graph.program.global_block()
    # so many first operators work, and do not; a graph that does not read its input cannot be written
    good = next(i for i, op in enumerate(ops) if graph.inputs[0] in op.input_arg_names)
    bad = len(ops)
    while bad - good > 1:
        middle = (good + bad) // 2
        names = [name for name in _ends(ops[:middle]) if convert_dtype(block.var(name).dtype) == "float32"]
        with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
            if names:
                save_graph(graph, folder, names)
            fine = not names or works(Path(folder), names)
        good, bad = (middle, bad) if fine else (good, middle)
    return ops[bad - 1]


def describe(op):
    """'backbone.blocks.0.conv (conv2d)': the layer of an operator, and its type."""
    return f"{layer_path(op) or 'the end of the graph'} ({op.type})"


def advice(op):
    """What to do about an operator that a target does not take, as the end of a message."""
    cure = CURES.get(op.type)
    return f"write it with {cure}" if cure else "build this layer from other operators, or leave the target out"


def _ends(ops):
    """The variables that these operators compute and none of them reads, in order: all of them are needed for these."""
    read = {name for op in ops for name in op.input_arg_names}
    return [name for op in ops for slot in op.output_names if slot not in _SIDE for name in op.output(slot)
            if name not in read]
