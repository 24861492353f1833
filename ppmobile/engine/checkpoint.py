"""One file that holds a whole run: weights, optimizer, hook states, position, config. No pickle, never half a file."""

import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .. import __version__
from ..errors import CheckpointError
from ..files import atomic_write
from ..wording import show

FORMAT = 1
SUFFIX = ".safetensors"
WEIGHTS_ONLY = "holds weights only, not a run of ppmobile; use it as model.pretrained"


class Checkpoint:
    """arrays: {"model/...", "optimizer/...", "hook/NAME/..."}; meta: plain values (config, classes, position)."""

    def __init__(self, arrays, meta, path=""):
        self.arrays, self.meta, self.path = arrays, meta, str(path)

    def part(self, prefix):
        """The arrays below `prefix/`, without it."""
        return {k[len(prefix) + 1:]: v for k, v in self.arrays.items() if k.startswith(prefix + "/")}

    def weights(self):
        """What to evaluate and export: the averaged weights if the run averages, else the trained ones."""
        average = self.part("hook/Ema")
        if "Ema" in self.meta.get("hooks", {}) and not average:
            raise damaged(self.path, "hooks.Ema has no arrays")
        return average or self.part("model")

    @property
    def structure(self):
        """How the net differs from what its config builds (models/structure.py); {} if it does not."""
        return self.meta.get("structure", {})

    def save(self, path):
        """Write to `path` (.safetensors), atomically."""
        from safetensors.numpy import save

        meta = {**self.meta, "format": FORMAT, "ppmobile": __version__}
        data = save({k: np.ascontiguousarray(v) for k, v in self.arrays.items()}, {"ppmobile": json.dumps(meta)})
        with atomic_write(Path(path)) as temporary:
            Path(temporary).write_bytes(data)


def find(path):
    """The checkpoint file of a run folder (best, else last) or the file itself."""
    path = Path(path)
    if path.is_dir():
        for name in ("best.safetensors", "last.safetensors"):
            if (path / name).is_file():
                return path / name
        raise CheckpointError(f"{path}: no best.safetensors or last.safetensors in this folder; is it a run's folder?")
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint; give a run's folder or a .safetensors file")
    if path.suffix in (".npz", ".pdparams"):
        raise CheckpointError(f"{path}: {WEIGHTS_ONLY}")
    if path.suffix != SUFFIX:
        raise CheckpointError(f"{path}: is not a checkpoint; give a run's folder or a .safetensors file")
    return path


def is_run(path):
    """Whether `path` is a run's folder, or a checkpoint of a run and not bare weights; reads the header only."""
    if Path(path).is_dir():
        return True
    if Path(path).suffix != SUFFIX:
        return False
    with _opened(find(path)) as file:
        return _description(file) is not None


def load(path):
    """The Checkpoint at `path` (file or run folder). CheckpointError if it is missing, damaged or not ours."""
    path = find(path)
    with _opened(path) as file:
        text = _description(file)
        if text is None:
            raise CheckpointError(f"{path}: {WEIGHTS_ONLY}")
        return Checkpoint({key: file.get_tensor(key) for key in file.keys()}, parse(text, path), path)


@contextmanager
def _opened(path):
    """The open safetensors file; what is wrong with its bytes becomes a CheckpointError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            yield file
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path}: damaged, or not a checkpoint: {error}") from error


def _description(file):
    """The text that tells a run's checkpoint from bare weights, or None."""
    return (file.metadata() or {}).get("ppmobile")


def parse(text, source):
    """The meta values of a checkpoint from their JSON text, all of the types that a resume relies on.

    CheckpointError with the first wrong key, or if a newer ppmobile wrote it; `source` is named in it.
    """
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError):
        meta = text
    fault = next(_faults(meta), None)
    if fault:
        raise damaged(source, fault)
    if meta["format"] > FORMAT:
        raise CheckpointError(f"{source}: written by a newer ppmobile ({meta.get('ppmobile')}); update this one")
    return meta


def damaged(source, fault):
    """The CheckpointError for a description that says something impossible."""
    return CheckpointError(f"{source}: its description is damaged: {fault}; take another checkpoint of the run")


def _faults(meta):
    """Yield what is wrong with meta values; each check relies on those before it."""
    if not isinstance(meta, dict):
        yield f"expected a JSON object, got {show(meta, 40)}"
    if not _is_count(meta.get("format")):
        yield _unlike("format", meta, "a whole number")
    if meta["format"] > FORMAT:
        return  # its keys may mean something else
    for key in ("config", "position", "order", "hooks"):
        if not isinstance(meta.get(key), dict):
            yield _unlike(key, meta, "a block of keys")
    if not isinstance(meta.get("structure", {}), dict):
        yield _unlike("structure", meta, "a block of keys")
    classes = meta.get("classes")
    if not isinstance(classes, list) or not classes or not all(isinstance(name, str) for name in classes):
        yield _unlike("classes", meta, "a list of names")
    for key, inner in (("position", ("epoch", "batch", "step")), ("order", ("seed", "batch_size", "pictures"))):
        for name in inner:
            if not _is_count(meta[key].get(name)):
                yield f"{key}.{_unlike(name, meta[key], 'a whole number from 0 up')}"
    for name, state in meta["hooks"].items():
        if not isinstance(state, dict):
            yield f"hooks.{_unlike(name, meta['hooks'], 'a block of keys')}"


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _unlike(key, tree, wanted):
    return f"{key} is {show(tree[key], 40)}, expected {wanted}" if key in tree else f"{key} is missing"


def load_weights(model, arrays, source):
    """Put arrays under our own keys into `model`; CheckpointError, with nothing changed, if they do not fit it."""
    check_weights(model, arrays, source)
    for key, value in model.state_dict().items():
        value.set_value(arrays[key].astype(value.numpy().dtype))


def check_weights(model, arrays, source):
    """CheckpointError unless `arrays` has every key of `model` and no other, in the right shape and kind."""
    state = model.state_dict()
    missing = [k for k in state if k not in arrays]
    extra = [k for k in arrays if k not in state]
    if missing or extra:
        raise CheckpointError(f"{source}: belongs to another model: {len(missing)} of {len(state)} arrays are missing "
                              f"(first: {next(iter(missing), '-')}), {len(extra)} are unknown (first: "
                              f"{next(iter(extra), '-')})")
    for key, value in state.items():
        check_like(arrays[key], value.numpy(), key, source)


def check_like(found, wanted, key, source):
    """CheckpointError unless the array `found` has the shape of `wanted`, and is of floats where that is."""
    if found.shape != wanted.shape:
        raise CheckpointError(f"{source}: {key} has shape {list(found.shape)}, this model needs "
                              f"{list(wanted.shape)}; is it of another width or class count?")
    if found.dtype.kind != wanted.dtype.kind:
        raise CheckpointError(f"{source}: {key} holds {found.dtype} numbers, this model needs {wanted.dtype}; the file "
                              "is damaged, take another checkpoint of the run")


def split_state(state):
    """(arrays, plain values) of a hook's state dict."""
    arrays = {k: v for k, v in state.items() if isinstance(v, np.ndarray)}
    return arrays, {k: v for k, v in state.items() if k not in arrays}
