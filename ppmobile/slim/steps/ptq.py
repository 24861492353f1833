"""Post-training quantization as a step: the artefact of the former step's net gets its int8 files."""

from ...errors import ConfigError, ExportError
from ..calibrate import require
from ..ptq import TARGETS, Settings, default_targets, quantize
from ..search import Options
from .base import STEPS, Step

NAMES = Options("keep_float", "max_drop", "count", "targets")


@STEPS.register
class PTQ(Step):
    """Quantize the exported net, calibrated on real pictures; the net itself stays as it is.

    algo: how ranges are found (calibrate.py), or auto. keep_float: layers that stay in float, paths with * and ?, or
    "auto" for those whose own noise is too great (sqnr.py). max_drop: accuracy that may be lost, 0 to 1. count:
    pictures of the train split to calibrate on. bias_correction: give back behind each layer what rounding takes from
    its mean output (bias.py), for Paddle and Lite. targets: of paddle, lite, onnx, openvino; empty for those of
    the int8 runtimes that slim.runtimes names, and lite if the artefact was exported for it.
    """

    int8 = needs_float = True

    def __init__(self, algo="avg", keep_float=[], max_drop=0.01, count=64,  # noqa: B006 (never changed)
                 bias_correction=False, targets=[]):  # noqa: B006
        from ..calibrate import ALGORITHMS

        if algo not in (*ALGORITHMS, "auto"):
            raise ValueError(f"algo {algo!r} is not one of {', '.join(ALGORITHMS)}, auto")
        if not 0 <= max_drop <= 1:
            raise ValueError(f"max_drop {max_drop} is a share, 0 to 1: 0.01 is one point")
        if count < 1:
            raise ValueError(f"count {count} must be at least 1")
        wrong = [name for name in targets if name not in TARGETS]
        if wrong:
            raise ValueError(f"targets {wrong[0]!r} is not one of {', '.join(TARGETS)}")
        self.count, self.targets = count, tuple(targets) or None
        self.settings = {"algo": algo, "keep_float": tuple(keep_float), "max_drop": max_drop,
                         "bias_correction": bias_correction}

    def check(self):
        """ConfigError without PaddleSlim."""
        try:
            require()
        except ExportError as error:
            raise ConfigError(f"PTQ: {error}") from error

    def rehearse(self, model, context):
        """Find the layers that are to stay in float; ConfigError for a net as of `apply`."""
        from ..targets import matching

        self.apply(model, context)
        names = [path for path, _ in model.named_sublayers()]
        matching([pattern for pattern in self.settings["keep_float"] if pattern != "auto"], names, "keep_float")

    def apply(self, model, context):
        """ConfigError for a net that was trained in simulated int8: its export has int8 files already."""
        if "qat" in model.structure:
            raise ConfigError("PTQ: the net was trained in simulated int8, its export has int8 files already; leave "
                              "PTQ out")

    def deploy(self, folder, context):
        """Write int8 files into the artefact in `folder`. ExportErrors as of `ptq.quantize`."""
        from ...artefact import read
        from ..pictures import gather

        artefact = read(folder)
        calibration, check = gather(artefact, self.count, context.config)
        settings = Settings(targets=self.targets or timed_targets(artefact, context.config), options=NAMES,
                            forgiving=self.targets is None, **self.settings)
        quantize(folder, calibration, check, settings, say=context.say)


def timed_targets(artefact, config):
    """Those of `default_targets` that an int8 runtime of slim.runtimes runs, and lite; all if it names none."""
    runtimes = config.slim.runtimes if config.slim else []
    wanted = {name.split("-")[0] for name in runtimes if name.endswith("-int8")}
    return tuple(name for name in default_targets(artefact) if not wanted or name in {*wanted, "lite"})
