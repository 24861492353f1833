"""One file that holds a whole run: weights, optimizer, hook states, position, config. No pickle, never half a file."""

import json
from pathlib import Path

import numpy as np

from .. import __version__
from ..errors import CheckpointError
from ..files import atomic_write

FORMAT = 1


class Checkpoint:
    """arrays: {"model/...", "optimizer/...", "hook/NAME/..."}; meta: plain values (config, classes, position)."""

    def __init__(self, arrays, meta, path=""):
        self.arrays, self.meta, self.path = arrays, meta, str(path)

    def part(self, prefix):
        """The arrays below `prefix/`, without it."""
        return {k[len(prefix) + 1:]: v for k, v in self.arrays.items() if k.startswith(prefix + "/")}

    def weights(self):
        """What to evaluate and export: the averaged weights if the run averages, else the trained ones."""
        return self.part("hook/Ema") or self.part("model")

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
    return path


def is_run(path):
    """Whether `path` is a run's folder, or a checkpoint of a run and not bare weights."""
    if Path(path).is_dir():
        return True
    if Path(path).suffix != ".safetensors":
        return False
    try:
        load(path)
    except CheckpointError as error:
        if "holds weights only" in str(error):
            return False
        raise
    return True


def load(path):
    """The Checkpoint at `path` (file or run folder). CheckpointError if it is missing, damaged or not ours."""
    from safetensors import SafetensorError, safe_open

    path = find(path)
    try:
        with safe_open(str(path), framework="numpy") as file:
            text = (file.metadata() or {}).get("ppmobile")
            arrays = {key: file.get_tensor(key) for key in file.keys()}
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged, or not a checkpoint: {error}") from error
    try:
        meta = json.loads(text)
        newer = meta["format"] > FORMAT
    except (TypeError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path}: holds weights only, not a run of ppmobile; use it as model.pretrained") \
            from error
    if newer:
        raise CheckpointError(f"{path}: written by a newer ppmobile ({meta.get('ppmobile')}); update this one")
    return Checkpoint(arrays, meta, path)


def load_weights(model, arrays, source):
    """Put arrays under our own keys into `model`; every key must be there, in the right shape."""
    state = model.state_dict()
    missing = [k for k in state if k not in arrays]
    extra = [k for k in arrays if k not in state]
    if missing or extra:
        raise CheckpointError(f"{source}: belongs to another model: {len(missing)} of {len(state)} arrays are missing "
                              f"(first: {next(iter(missing), '-')}), {len(extra)} are unknown (first: "
                              f"{next(iter(extra), '-')})")
    for key, value in state.items():
        if tuple(arrays[key].shape) != tuple(value.shape):
            raise CheckpointError(f"{source}: {key} has shape {list(arrays[key].shape)}, this model needs "
                                  f"{list(value.shape)}; is it of another width or class count?")
    for key, value in state.items():
        value.set_value(arrays[key])


def split_state(state):
    """(arrays, plain values) of a hook's state dict."""
    arrays = {k: v for k, v in state.items() if isinstance(v, np.ndarray)}
    return arrays, {k: v for k, v in state.items() if k not in arrays}
