"""How the tests damage an artefact: one weight changed, and the hashes made anew, as a careful forger would."""

import json
import shutil

import numpy as np
import paddle

from ppmobile import artefact
from ppmobile.export.program import layer_path, load_graph, save_graph


def copy(folder, target):
    """A copy of an artefact's folder; returns its Path."""
    return shutil.copytree(folder, target)


def reseal(folder, change=lambda deploy: None):
    """New hashes; `change` edits the fields of deploy.yml first, and golden.json's copy of them alike."""
    deploy = artefact.read(folder, check=False).deploy
    change(deploy)
    kept = artefact.golden(folder)
    change(kept["deploy"])
    (folder / artefact.GOLDEN).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
    artefact.seal(folder, deploy)


def change_weight(folder, path, by=1.0):
    """Add `by` times the largest weight to one weight in the middle of the layer `path` in inference.pdiparams."""
    graph = load_graph(folder)
    op = next(op for op in graph.ops if layer_path(op) == path and "Filter" in op.input_names)
    tensor = graph.scope.find_var(op.input("Filter")[0]).get_tensor()
    tensor.set(damaged(np.array(tensor), by), paddle.CPUPlace())
    save_graph(graph, folder)


def change_onnx_weight(file, name, by=1.0):
    """The same in an ONNX file, for the weight that is called `name` up to a suffix."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(file))
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    tensors.update({n.output[0]: n.attribute[0].t for n in model.graph.node if n.op_type == "Constant" and n.attribute})
    tensor = next(tensor for key, tensor in tensors.items() if key.startswith(name))
    tensor.CopyFrom(numpy_helper.from_array(damaged(numpy_helper.to_array(tensor), by), tensor.name))
    onnx.save(model, str(file))


def damaged(weights, by):
    """A copy of an array with one value changed."""
    weights = weights.copy()
    weights.reshape(-1)[weights.size // 2] += by * np.abs(weights).max()
    return weights


def filter_name(folder, path):
    """The name of the weights of the convolution `path`."""
    return next(op.input("Filter")[0] for op in load_graph(folder).ops
                if layer_path(op) == path and "Filter" in op.input_names)
