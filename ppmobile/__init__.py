"""ppmobile: mobile vision models for PaddlePaddle, from labelled pictures to a small, verified model."""

import warnings

__version__ = "0.1.0"
__all__ = ["build", "load", "zoo"]

# paddle asks for a C++ compiler cache at import, which no user of this package needs
warnings.filterwarnings("ignore", message="No ccache found")
# true of every training, and it names no remedy
warnings.filterwarnings("ignore", message="When training, we now always track global mean")


def build(source, num_classes, overrides=()):
    """The net of a config, with fresh weights; a classifier's forward returns logits (N, num_classes).

    source: a config file, or a dict such as {"task": "classify", "model": {"backbone": {"name": "PPLCNet"}}}.
    overrides: texts such as "model.backbone.scale=0.5". Raises ConfigError.
    """
    from .config import load, located
    from .errors import ConfigError
    from .models.build import build_model, class_count

    num_classes = class_count(num_classes)
    config = load(source, overrides)
    try:
        return build_model(vars(config.model), config.task, num_classes)
    except ConfigError as error:  # a value that only the class itself can judge
        raise located(error, config.origins, config.file) from error


def load(folder, runtime="auto", threads=1):
    """A Predictor for the artefact in `folder`: `load("artefact").predict("cat.jpg").name`; see ppmobile.predict.load.

    runtime: a name such as "openvino-fp32", or "auto" for the fastest that is right on this machine. threads: whole
    number >= 1. Raises ExportError.
    """
    from .predict import load

    return load(folder, runtime, threads)


def __getattr__(name):
    """`ppmobile.zoo` without an import of its own."""
    if name == "zoo":
        import importlib

        return importlib.import_module(".zoo", __name__)
    raise AttributeError(f"module 'ppmobile' has no attribute {name!r}")


def __dir__():
    """What the package offers, without the helpers it is made of."""
    return sorted([*__all__, "__version__"])
