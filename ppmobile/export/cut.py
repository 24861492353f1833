"""An artefact's files cut short behind an inner layer, so that each runtime itself shows what it computes there."""

from pathlib import Path

import numpy as np

from ..artefact import Artefact
from ..errors import ExportError, PPMobileError
from ..predict.quiet import quiet
from ..predict.runtimes import open_runtime
from ..predict.runtimes.needs import FILES
from ..untracked import import_openvino
from ..wording import brief
from .program import layer_outputs, layer_path, load_graph, save_graph

WEIGHTED = ("conv2d", "depthwise_conv2d", "batch_norm", "matmul_v2")


def cutter(artefact, runtime, graph):
    """The Cut of the files that `runtime` reads. graph: the artefact's fp32 Graph, which knows the layer paths."""
    file = FILES[runtime][0]
    kind = _Lite if file.endswith(".nb") else _Onnx if file.endswith(".onnx") else \
        _OpenVino if file.endswith(".xml") else _Paddle
    return kind(artefact, runtime, graph)


class Cut:
    """The files of one runtime, to be cut. layers: [(layer path, variable of the fp32 graph)] that can be asked for."""

    def __init__(self, artefact, runtime, graph):
        self.artefact, self.runtime, self.files = artefact, runtime, FILES[runtime]
        self.answers = list(graph.outputs)
        self.layers = [(path, name) for path, name in self.load(graph) if name not in self.answers]

    def run(self, variables, image, folder):
        """What the runtime computes for the input array in some variables of `layers`, or in all answers of the graph.

        A list of arrays. `folder` takes the cut files. ExportError if that cannot be run, as where a library wants the
        operators behind the cut.
        """
        folder, whole = Path(folder), list(variables) == self.answers
        try:
            return self._run(self.artefact if whole else self._short(variables, folder), image)
        except PPMobileError:
            raise
        except Exception as error:  # each library has errors of its own
            reason = brief(error, 200)
            raise ExportError(f"{self.runtime}: the graph up to {variables[-1]} cannot be run ({reason})") from error

    def _short(self, variables, folder):
        (folder / self.files[0]).parent.mkdir(parents=True, exist_ok=True)
        with quiet():
            self.write(variables, folder)
        return Artefact(folder, self.artefact.deploy, dict.fromkeys(self.files, ""))

    def _run(self, artefact, image):
        runtime = open_runtime(self.runtime, artefact)
        try:
            return [np.array(output) for output in runtime.run(image)]
        finally:
            runtime.close()

    def load(self, graph):
        """Read the files; the inner layers [(path, variable of `graph`)] that can be asked for, in their order."""
        raise NotImplementedError

    def write(self, variables, folder):
        """Write the files whose answers are `variables`."""
        raise NotImplementedError


class _Paddle(Cut):
    """inference.pdmodel, that of int8 too: quantization keeps the names of the variables."""

    def load(self, graph):
        self.graph = load_graph(self.artefact.path(self.files[0]).parent)
        written = {name for op in self.graph.ops for name in op.output_arg_names}
        return [(path, name) for path, name in layer_outputs(graph).items() if name in written]

    def write(self, variables, folder):
        save_graph(self.graph, (folder / self.files[0]).parent, variables)


class _Lite(_Paddle):
    """A .nb cannot be cut: the graph it was made of is, and converted again."""

    def load(self, graph):
        self.graph = graph
        return list(layer_outputs(graph).items())

    def write(self, variables, folder):
        from .lite import convert

        save_graph(self.graph, folder / "graph", variables)
        convert(folder / "graph", folder / self.files[0], "x86")


class _Onnx(Cut):
    """model.onnx: paddle2onnx renames variables, but the weights keep their names, and with them the layers."""

    def load(self, graph):
        import onnx

        self.model = onnx.load(str(self.artefact.path(self.files[0])))
        self.names = _by_weights(self.model.graph.node, graph)
        return [(path, name) for path, name in weighted_layers(graph) if name in self.names]

    def write(self, variables, folder):
        import onnx

        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        del model.graph.output[:]
        for variable in variables:
            answer = onnx.helper.make_tensor_value_info(self.names[variable], onnx.TensorProto.FLOAT, None)
            model.graph.output.append(answer)
        onnx.save(model, str(folder / self.files[0]))


class _OpenVino(Cut):
    """int8/openvino.xml: tensors carry the names of Paddle's variables. (The other precisions read the .pdmodel.)"""

    def load(self, graph):
        self.model = import_openvino().Core().read_model(str(self.artefact.path(self.files[0])))
        ports = {name: port for op in self.model.get_ops() for port in op.outputs() for name in port.get_names()}
        self.ports = ports
        return [(path, name) for path, name in layer_outputs(graph).items() if name in ports]

    def write(self, variables, folder):
        openvino = import_openvino()
        short = openvino.Model([self.ports[name] for name in variables], self.model.get_parameters(), "cut")
        openvino.save_model(short, str(folder / self.files[0]), compress_to_fp16=False)


def weighted_layers(graph):
    """[(layer path, variable)] of the operators that have weights, in order: what convolution or the like computes."""
    return [(layer_path(op), _output(op)) for op in graph.ops if op.type in WEIGHTED]


def _by_weights(nodes, graph):
    """{variable of the fp32 graph: tensor of the ONNX graph}, joined by the weights that both operators read."""
    origin = {}  # a weight may pass through Identity, Reshape or a pair of quantizers on its way
    for node in nodes:
        if node.op_type in ("Identity", "Reshape", "DequantizeLinear", "QuantizeLinear") and node.output:
            origin[node.output[0]] = node.input[0]
    users = {}
    for node in nodes:
        if node.op_type in ("Conv", "BatchNormalization", "MatMul", "Gemm") and len(node.input) > 1:
            name = node.input[1]
            while name in origin:
                name = origin[name]
            users[name.removesuffix("_quantized")] = node.output[0]
    weights = {_output(op): op.input(slot)[0] for op in graph.ops if op.type in WEIGHTED
               for slot in ("Filter", "Scale", "Y") if slot in op.input_names and op.input(slot)}
    return {variable: users[weight] for variable, weight in weights.items() if weight in users}


def _output(op):
    """The variable that an operator with weights computes."""
    return next(op.output(slot)[0] for slot in ("Y", "Output", "Out") if slot in op.output_names)
