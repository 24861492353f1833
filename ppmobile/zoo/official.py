"""Loads a state dict with PaddleClas's or PaddleDetection's keys, or our own, into a model, and tells what is amiss."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import numpy as np

from ..arrays import read_arrays
from ..errors import CheckpointError, PPMobileError
from ..wording import show

SHOWN = 6  # keys of a list that fit into one line of a report
BACKBONE = "backbone."  # begins PaddleDetection's keys of a whole model, but not those of a backbone's own file
RUN_PREFIXES = ("hook/Ema/", "model/")  # where a checkpoint of a training run keeps weights; averaged ones first


@dataclass
class LoadReport:
    """What load_official did. Keys are those of the file's naming, in the model's order.

    loaded: number of arrays put into the model. missing: keys of the model that the file lacks. unexpected:
    keys of the file that the model lacks. reinitialised: keys of the class layers left at their fresh
    initialisation, because classes = (count in the file, count in the model) differ. reshaped: keys of layers that
    the model makes of another width on purpose, also left fresh. fresh: {part of the model: its keys} for those
    parts (neck, head) of which the file holds nothing, for example of a detector that starts from the weights
    of a classifier; their keys are among the missing ones, too.
    """

    source: str
    loaded: int = 0
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    reinitialised: list[str] = field(default_factory=list)
    reshaped: list[str] = field(default_factory=list)
    classes: Optional[tuple[int, int]] = None
    fresh: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self):
        fresh = {key for keys in self.fresh.values() for key in keys}
        missing = [key for key in self.missing if key not in fresh]
        total = self.loaded + len(missing) + len(self.reinitialised) + len(self.reshaped)
        whole = "all" if self.fresh and self.loaded == total else f"{self.loaded} of"
        wanted = "backbone" if self.fresh else "model"
        parts = [f"{self.source}: loaded {whole} the {wanted}'s {total} arrays"]
        if self.reinitialised:
            counts = "{} classes in the file, {} in the model".format(*self.classes)
            parts.append(f"{_some(self.reinitialised)} start fresh ({counts})")
        if self.reshaped:
            parts.append(f"of another width in this model, start fresh: {_some(self.reshaped)}")
        if missing:
            parts.append(f"not in the file, start fresh: {_some(missing)}")
        if self.fresh:
            parts.append(f"{' and '.join(self.fresh)} start{'s' if len(self.fresh) == 1 else ''} fresh")
        if self.unexpected:
            keys = _layers(self.unexpected) if self.fresh else self.unexpected
            parts.append(f"in the file, not used: {_some(keys)}")
        return "; ".join(parts)


def official_keys(model):
    """The keys of a Model or a backbone in the published state dict, in its order.

    They are PaddleDetection's for a detector, else PaddleClas's. PPMobileError for anything else.
    """
    _require_model(model)
    return [*model.official_names().values(), *_aliases(model)]


def load_official(model, source):
    """Load weights into a Model or a bare backbone; returns a LoadReport.

    source: a file that read_arrays knows, or {key: array}. The keys may be PaddleClas's, PaddleDetection's, our own,
    or those of a training run's checkpoint; those that match best count. A detector also takes the weights of its
    backbone alone. Floats of any width become the model's float32.
    If the class count differs, exactly the class layers keep their initialisation. CheckpointError, and an
    untouched model, if the arrays are another model's: any other shape differs, or more than half of the
    backbone's keys are missing. PPMobileError for a net that is not of this package.
    """
    _require_model(model)
    name, arrays = _open(source)
    state = {key: tensor for key, tensor in model.state_dict().items()}
    keys = _best_naming(model, state, arrays)
    found = {key: arrays[keys[key]] for key in state if keys[key] in arrays}
    report = LoadReport(
        name,
        missing=[keys[key] for key in state if key not in found],
        unexpected=[key for key in arrays if key not in {*keys.values(), *_aliases(model)}],
        fresh=_fresh_parts(model, keys, found),
    )
    fresh, report.classes = _other_classes(model, state, found)
    reshaped = _reshaped(model, state, found)
    report.reinitialised, report.reshaped = [keys[key] for key in fresh], [keys[key] for key in reshaped]
    fresh = {*fresh, *reshaped}
    _check_same_model(name, state, keys, {k: v for k, v in found.items() if k not in fresh}, arrays, len(reshaped))
    for key in found:
        if key not in fresh:
            state[key].set_value(_cast(found[key], state[key]))
            report.loaded += 1
    return report


def _require_model(model):
    if not hasattr(model, "official_names"):
        got = show(model) if isinstance(model, (str, int, float, type(None))) else f"a {type(model).__name__}"
        raise PPMobileError(f"expected a net that ppmobile.build returns, or its backbone, got {got}; for example "
                            "ppmobile.build('configs/classify/pplcnet_x1_0.yml', num_classes=3)")


def _open(source):
    """(name for messages, {key: array}) of a path or a dict; of a run's checkpoint only the weights."""
    if isinstance(source, dict):
        name, arrays = "the given arrays", {str(key): np.asarray(value) for key, value in source.items()}
        if not arrays:
            raise CheckpointError(f"{name}: there are none; give a file of weights, or {{key: array}}")
    elif isinstance(source, (str, os.PathLike)):
        name, arrays = str(source), read_arrays(Path(source))
    else:
        raise CheckpointError(f"weights come from a file or a dict {{key: array}}, not from {show(source)}")
    for prefix in RUN_PREFIXES:
        weights = {key[len(prefix) :]: value for key, value in arrays.items() if key.startswith(prefix)}
        if weights:
            return name, weights
    return name, arrays


def _best_naming(model, state, arrays):
    """{our key: key in the file}, by the naming that finds most keys.

    It may be the official one, our own, or a whole Model's; for a detector also that of its backbone alone.
    """
    official = model.official_names()
    namings = [
        {key: official.get(key, key) for key in state},
        {key: key for key in state},
        {key: f"backbone.{key}" for key in state},
    ]
    if hasattr(model, "backbone"):
        classifier = {f"backbone.{key}": name for key, name in model.backbone.official_names().items()}
        bare = {key: name[len(BACKBONE):] for key, name in official.items() if name.startswith(BACKBONE)}
        namings += [{key: part.get(key, key) for key in state} for part in (classifier, bare)]
    return max(namings, key=lambda keys: sum(name in arrays for name in keys.values()))  # the first of equals


def _aliases(model):
    """Keys under which a published file holds some of its arrays a second time."""
    head = getattr(model, "head", None)
    return head.detection_aliases() if hasattr(head, "detection_aliases") else []


def _fresh_parts(model, keys, found):
    """{part: its keys in the file's naming} of a whole model's parts behind the backbone that `found` lacks."""
    if not hasattr(model, "backbone"):
        return {}
    own = {part: [key for key in keys if key.startswith(f"{part}.")] for part in ("neck", "head")}
    return {part: [keys[key] for key in part_keys] for part, part_keys in own.items()
            if part_keys and not any(key in found for key in part_keys)}


def _other_classes(model, state, found):
    """(keys of the class layers, (classes in the file, in the model)), or ((), None) if the class counts agree."""
    if not hasattr(model, "backbone"):
        return (), None
    # a detector names its class layers, and how many values of each belong to a class; else it is the last layer
    layers = {list(state)[-1].rpartition(".")[0]: (1, 0)}
    if hasattr(model.head, "class_layers"):
        layers = {f"head.{layer}": values for layer, values in model.head.class_layers().items()}
    keys = [key for key in state if key.rpartition(".")[0] in layers and key in found]
    counts = {_class_counts(found[key].shape, tuple(state[key].shape), *layers[key.rpartition(".")[0]])
              for key in keys}
    if len(counts) != 1 or None in counts:
        return (), None
    return keys, counts.pop()


def _class_counts(shape, wanted, each, others):
    """Class counts of `shape` and `wanted` by their output axis, if that axis and no other differs; else None.

    each: values of that axis a class has; others: its other values.
    """
    axis = 0 if len(wanted) == 4 else -1  # a convolution's weight is (out, in, h, w), a linear layer's (in, out)
    if len(shape) != len(wanted) or shape[axis] == wanted[axis] or (shape[axis] - others) % each:
        return None
    rest = np.delete(shape, axis), np.delete(wanted, axis)
    if not np.array_equal(*rest):
        return None
    return tuple(int(size[axis] - others) // each for size in (shape, wanted))


def _reshaped(model, state, found):
    """Keys of the layers that the backbone makes of another width than the published net, where the file's differ."""
    backbone, prefix = (model.backbone, BACKBONE) if hasattr(model, "backbone") else (model, "")
    layers = tuple(f"{prefix}{layer}." for layer in backbone.fresh_layers())
    return [key for key in found if key.startswith(layers) and list(found[key].shape) != list(state[key].shape)]


def _check_same_model(name, state, keys, found, arrays, reshaped):
    """CheckpointError naming the first key that differs, if the arrays belong to another model.

    reshaped: how many arrays are left out of `found` because they differ on purpose.
    """
    backbone = [key for key in state if key.startswith("backbone.")] or list(state)
    absent = [key for key in backbone if key not in found]
    if 2 * (len(absent) - reshaped) > len(backbone):
        first, (other, array) = absent[0], next(iter(arrays.items()))
        raise CheckpointError(
            f"{name}: belongs to another model: {len(absent)} of the backbone's {len(backbone)} arrays are missing, "
            f"the first is {keys[first]} {list(state[first].shape)}; the file begins with {other} {list(array.shape)}; "
            "check the backbone's name and options"
        )
    for key, array in found.items():
        if list(array.shape) != list(state[key].shape):
            raise CheckpointError(
                f"{name}: belongs to another model: {keys[key]} is {list(array.shape)} in the file and "
                f"{list(state[key].shape)} in the model; check the backbone's name and options"
            )


def _cast(array, tensor):
    """`array` in the element type of `tensor`; uint16 is paddle's bfloat16, the high half of a float32."""
    if array.dtype == np.uint16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return np.asarray(array, tensor.numpy().dtype)


def _layers(keys):
    """The layers that the arrays of these keys belong to, by the first word of their paths."""
    return list(dict.fromkeys(key.partition(".")[0] for key in keys))


def _some(keys):
    rest = len(keys) - SHOWN
    return ", ".join(keys[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
