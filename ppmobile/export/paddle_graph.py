"""The trained net as Paddle graphs: one input `image`, the head's answer, and the layer's path on every operator."""

import contextlib
import copy
from pathlib import Path

import paddle
from paddle import nn
from paddle.base import framework

from ..compat import old_ir, recorded
from ..errors import ExportError, PPMobileError
from ..models.blocks import fuse
from ..slim.qat.layers import float_form
from ..wording import reason


class Deployed(nn.Layer):
    """What a deployed model computes: the net, and what its head makes of its outputs there (`deployed`)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        """(N, 3, H, W) float32 to probabilities (N, C) of a classifier, to the list of raw outputs of a detector."""
        return self.model.head.deployed(self.model(image))


def deployed(model):
    """The Deployed form of a copy of `model`, in evaluation mode, in float, and with its training branches fused."""
    model = copy.deepcopy(float_form(model))
    model.eval()
    fuse(model)
    net = Deployed(model)
    net.eval()
    return net


def write_graph(net, shape, folder):
    """Write a Deployed net as inference.pdmodel and inference.pdiparams (legacy IR) to `folder`.

    shape: [N, 3, H, W] of the input, -1 for what may vary. ExportError if Paddle cannot trace the net.
    """
    with old_ir(), _scopes(net.model):
        save(net, {"image": shape}, Path(folder))


def write_new_graph(net, shape, folder):
    """The same in Paddle 3's own IR: inference.json and inference.pdiparams."""
    save(net, {"image": shape}, Path(folder))


def record(net, shape):
    """(Program in the legacy IR, names of its outputs) of a Deployed net for an input of a fixed shape [N, 3, H, W].

    Nothing is written; parameters keep their names. ExportError with the layer if the net cannot be recorded.
    """
    inside = []
    try:
        with recorded() as program, _scopes(net.model) as inside:
            outputs = net(paddle.static.data("image", list(shape), "float32"))
    except PPMobileError:
        raise
    except Exception as error:  # whatever the net's own code raises
        place = f" in {inside[-1]}" if inside else ""
        raise ExportError(f"the net cannot be traced to a graph{place}: {reason(error)}; its forward must not depend "
                          "on the values of tensors") from error
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return program, [variable.name for variable in outputs]


def save(net, inputs, folder):
    """Trace a layer and write it as "inference" to a Path, in the IR that is on. inputs: {name: shape} of float32.

    ExportError if Paddle cannot trace it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spec = [paddle.static.InputSpec(list(shape), "float32", name) for name, shape in inputs.items()]
    try:
        graph = paddle.jit.to_static(net, input_spec=spec, full_graph=True)
        paddle.jit.save(graph, str(folder / "inference"))
        (folder / "inference.pdiparams.info").unlink(missing_ok=True)  # a pickle that no runtime reads
    except PPMobileError:
        raise
    except Exception as error:  # tracing raises whatever the traced code raises
        raise ExportError(f"the net cannot be traced to a graph: {reason(error)}; its forward must not depend on "
                          "the values of tensors") from error
    finally:
        if hasattr(net.forward, "rollback"):
            net.forward.rollback()


@contextlib.contextmanager
def _scopes(model):
    """Inside, each operator that is traced carries the path of its layer in the attribute op_namescope.

    Gives the list of the layers that are being run, from outside to inside; after an error they are those that failed.
    """
    open_paths, handles, outside = [], [], framework._name_scope

    def enter(path):
        def hook(layer, inputs):
            above = open_paths[-1] + "." if open_paths else ""
            name = path[len(above):] if path.startswith(above) else path
            # not by name_scope(), which numbers what it has seen: the second net of a process would be backbone_1
            framework._name_scope = framework.NameScope(name, framework._name_scope)
            open_paths.append(path)
        return hook

    def leave(layer, inputs, outputs):
        open_paths.pop()
        framework._name_scope = framework._name_scope.parent()

    for path, layer in model.named_sublayers():
        handles += [layer.register_forward_pre_hook(enter(path)), layer.register_forward_post_hook(leave)]
    try:
        yield open_paths
    finally:
        framework._name_scope = outside  # a layer that failed was not left
        for handle in handles:
            handle.remove()
