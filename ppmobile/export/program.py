"""Exported graphs as Paddle programs: their layers by path, the answers inside them, and graphs cut short."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import paddle

from ..compat import old_ir
from ..errors import ExportError
from ..wording import reason

MODEL, PARAMS = "inference.pdmodel", "inference.pdiparams"


@dataclass
class Graph:
    """A program with its weights. outputs: names of the variables it answers with."""

    program: object
    scope: object
    inputs: list
    outputs: list

    @property
    def ops(self):
        """The operators, in the order of execution, without feed and fetch."""
        return [op for op in self.program.global_block().ops if op.type not in ("feed", "fetch")]


def load_graph(folder):
    """The Graph of inference.pdmodel and inference.pdiparams in `folder`. ExportError if Paddle cannot read them."""
    folder, scope = Path(folder), paddle.static.Scope()
    with static_mode(scope) as executor:
        try:
            model, weights = (folder / MODEL).read_bytes(), (folder / PARAMS).read_bytes()
            program, inputs, outputs = _deserialize(model, weights, executor)
        except (OSError, RuntimeError, ValueError) as error:
            raise ExportError(f"{folder / MODEL}: cannot be read as a Paddle graph ({reason(error)}); export it again"
                              ) from error
    return Graph(program, scope, inputs, outputs)


def _deserialize(model, weights, executor):
    program = paddle.static.deserialize_program(model)
    paddle.static.deserialize_persistables(program, weights, executor)
    block = program.global_block()
    inputs = [op.output("Out")[0] for op in block.ops if op.type == "feed"]
    return program, inputs, [op.input("X")[0] for op in block.ops if op.type == "fetch"]


def save_graph(graph, folder, outputs=None):
    """Write a Graph to `folder`; outputs: other variables to answer with, which cuts off what they do not need."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    block = graph.program.global_block()
    with static_mode(graph.scope) as executor:
        paddle.static.save_inference_model(
            str(folder / "inference"), [block.var(name) for name in graph.inputs],
            [block.var(name) for name in outputs or graph.outputs], executor, program=graph.program)


def run_graph(graph, image, names=None):
    """{name: array} of the variables `names` (by default the outputs) for an input array, by Paddle's plain executor.

    image: the array of the only input, or {name: array} of several. No optimisation passes run, so this is what the
    graph says.
    """
    names = list(names or graph.outputs)
    with static_mode(graph.scope) as executor:
        feed = image if isinstance(image, dict) else {graph.inputs[0]: image}
        values = executor.run(graph.program, feed=feed, fetch_list=names)
    return dict(zip(names, values))


def layer_path(op):
    """The path of the layer that an operator belongs to, such as "backbone.blocks.3.pointwise.conv"; "" outside."""
    return op.attr("op_namescope").strip("/").replace("/", ".") if op.has_attr("op_namescope") else ""


def layer_outputs(graph):
    """{layer path: variable} with the last variable that each innermost layer computes, in order of execution."""
    found = {}
    for op in graph.ops:
        path = layer_path(op)
        names = [name for slot in ("Y", "Out", "Output") if slot in op.output_names for name in op.output(slot)]
        if path and names:
            found.pop(path, None)  # a layer of several operators (a bias) stands where its last one does
            found[path] = names[0]
    return found


@contextlib.contextmanager
def static_mode(scope=None):
    """Inside, Paddle is in static mode with the old IR; gives an Executor. The former mode comes back afterwards."""
    with old_ir():
        dynamic = paddle.in_dynamic_mode()
        paddle.enable_static()
        try:
            with paddle.static.scope_guard(scope or paddle.static.Scope()):
                yield paddle.static.Executor(paddle.CPUPlace())
        finally:
            if dynamic:
                paddle.disable_static()
