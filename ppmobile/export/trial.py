"""Whether a config's net can be brought to a target and gives the same numbers there, found out before any training."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import paddle

from ..artefact import Artefact
from ..config import located
from ..data.sample import Sample
from ..errors import ConfigError, ExportError
from ..models.build import build_model
from ..predict.runtimes import open_runtime, status
from ..transforms import Compose
from . import lite, onnx
from .culprit import advice, culprit, describe
from .paddle_graph import deployed, write_graph
from .program import MODEL, PARAMS, load_graph, run_graph

CLASSES = 10  # of the trial net: without data nobody knows how many there will be, and no target cares
TARGETS = ("paddle", "lite", "onnx", "openvino")
TOLERANCE = 1e-3  # of the range of the graph's answers; fp32 runtimes differ by 1e-6, ResNeSt-50 by 4e-5
ALIKE = 0.9  # share of proposals that must be the same: which come last, and are left out, is decided by rounding
TINY = 1e-30
PICTURES, PICTURE_SIZE = 8, (640, 480)  # how many the net is settled on; width and height


@dataclass
class Trial:
    """How one target went.

    files: {name: bytes} of what was made. difference: the largest, as a share of the answers' range. problem: '' if
    all is well, else which layer and operator is to blame, or what is missing here.
    """

    target: str
    files: dict = field(default_factory=dict)
    difference: float = 0.0
    seconds: float = 0.0
    problem: str = ""

    def __str__(self):
        if self.problem:
            return f"{self.target}: failed: {self.problem}"
        files = ", ".join(f"{name} {size / 1e6:.2f} MB" for name, size in self.files.items())
        return (f"{self.target}: ok: {files}; it runs, and its answers differ by {self.difference:.0e} of their "
                f"range; {self.seconds:.1f} s")


def prepare(config, folder):
    """Write the graph of the config's untrained net to `folder`; returns an input for it, (1, 3, H, W) float32.

    The net has CLASSES classes and the input size that transforms.eval makes. ConfigError, or ExportError if the net
    cannot be traced.
    """
    images = inputs(config)
    paddle.seed(config.seed)
    try:
        model = build_model(vars(config.model), config.task, CLASSES)
    except ConfigError as error:  # a value that only the class itself can judge
        raise located(error, config.origins, config.file) from error
    settle(model, images)
    write_graph(deployed(model), images[:1].shape, folder)
    return images[:1]


def inputs(config):
    """(PICTURES, 3, H, W) float32 that transforms.eval makes of pictures of coloured blobs; ConfigError otherwise."""
    rng = np.random.default_rng(config.seed)
    steps = Compose(config.transforms.eval, "transforms.eval")
    images = []
    for _ in range(PICTURES):
        blobs = rng.integers(0, 256, (6, 8, 3), np.uint8)
        images.append(steps(Sample(image=cv2.resize(blobs, PICTURE_SIZE, interpolation=cv2.INTER_CUBIC))).image)
    if images[0].ndim != 3 or images[0].shape[0] != 3 or images[0].dtype != np.float32:
        raise ConfigError(f"transforms.eval: gives {images[0].dtype} of shape {list(images[0].shape)}, a net takes "
                          "float32 (3, H, W): end it with Normalize and ToCHW")
    return np.stack(images)


def settle(model, images):
    """Give all BN layers the statistics of `images`, (N, 3, H, W).

    In an untrained net the signal dies out on its way, so that every class gets the same answer, whatever a runtime
    does to the layers; with statistics that fit, a wrong layer shows. The pictures must differ in more than noise:
    where BN divides by next to nothing, rounding errors grow to 0.4 of the answers' range (ResNeSt-50, two of noise).
    """
    for layer in model.sublayers():
        if hasattr(layer, "_momentum"):  # Paddle's BN: the share of its former statistics
            layer._momentum = 0.0
    model.train()
    with paddle.no_grad():
        model(paddle.to_tensor(images))


def attempt(target, folder, image):
    """The Trial of one of TARGETS on the graph that `prepare` wrote to `folder`; what fails is in its `problem`."""
    start, folder, trial = time.perf_counter(), Path(folder), Trial(target)
    try:
        names = _make(target, folder)
        trial.files = {name: (folder / name).stat().st_size for name in names}
        missing = status(f"{target}-fp32", _artefact(folder, image))
        if missing:
            raise ExportError(missing)
        trial.difference = _compare_or_blame(target, folder, image)
    except ExportError as error:
        trial.problem = str(error)
    trial.seconds = time.perf_counter() - start
    return trial


def _make(target, folder):
    """Convert the graph in `folder` for a target; the names of the files that this takes."""
    if target == "lite":
        for kind in lite.TARGETS:
            lite.convert(folder, folder / f"model_{kind}.nb", kind)
        return [f"model_{kind}.nb" for kind in lite.TARGETS]
    if target == "onnx":
        onnx.convert(folder, folder / "model.onnx")
        return ["model.onnx"]
    return [MODEL, PARAMS]  # which OpenVINO reads too


def _compare_or_blame(target, folder, image):
    """The difference between a target and the graph; ExportError with the layer where it fails or becomes too large."""
    graph = load_graph(folder)

    def works(cut, names):
        try:
            _make(target, cut)
            _compare(target, cut, image, run_graph(graph, image, names))
        except ExportError:
            return False
        return True

    try:
        return _compare(target, folder, image, run_graph(graph, image))
    except ExportError as error:
        op = culprit(graph, works)
        reason = str(error).replace(f"{folder}/", "").replace(f"{folder}: ", "").partition("; ")[0]
        raise ExportError(f"{describe(op)}: {reason}; {advice(op)}") from error


def _compare(target, folder, image, expected):
    """The largest difference to the arrays of the dict `expected`; ExportError if it cannot run or is too large."""
    runtime = open_runtime(f"{target}-fp32", _artefact(folder, image))
    try:
        found = runtime.run(image)
    finally:
        runtime.close()
    expected = list(expected.values())
    largest = unordered(found, expected) if is_list(found) and is_list(expected) else \
        max(difference(one, other) for one, other in zip(found, expected))
    if len(found) != len(expected) or largest == np.inf:
        raise ExportError("it runs, but its answers are NaN or of another shape")
    if largest > TOLERANCE:
        raise ExportError(f"it runs, but its answers differ by {largest:.1g} of their range (allowed: {TOLERANCE:g})")
    return largest


def difference(found, expected):
    """The largest difference of two arrays as a share of the range of `expected`; inf for other shapes or NaN."""
    if found.shape != expected.shape or not np.isfinite(found).all():
        return np.inf
    span = float(expected.max() - expected.min()) or float(np.abs(expected).max()) or 1.0
    return float(np.abs(found - expected).max()) / span


def is_list(outputs):
    """Whether a graph answers proposals, as a two-stage net: boxes (N, R, C, 4) and scores (N, R, C)."""
    return len(outputs) == 2 and outputs[0].ndim == 4 and outputs[0].shape == (*outputs[1].shape, 4)


def unordered(found, expected):
    """The same as `difference` of two lists of proposals, whose order rounding may change, as far as ALIKE of them go.

    The difference of a proposal is that to the most similar one of the other list.
    """
    if not all(np.isfinite(part).all() for part in found) or found[0].shape != expected[0].shape:
        return np.inf
    rows = [np.concatenate([boxes.reshape(*scores.shape[:2], -1) / max(float(np.ptp(expected[0])), TINY),
                            scores / max(float(np.ptp(expected[1])), TINY)], axis=2)
            for boxes, scores in (found, expected)]
    apart = np.stack([np.abs(one[:, None] - other[None]).max(axis=2) for one, other in zip(*rows)])
    return float(max(np.quantile(apart.min(axis=axis), ALIKE) for axis in (1, 2)))


def _artefact(folder, image):
    """What the runtimes want to know of the files in `folder`."""
    names = [path.name for path in Path(folder).iterdir()]
    return Artefact(Path(folder), {"input": {"name": "image", "shape": list(image.shape)}}, dict.fromkeys(names, ""))
