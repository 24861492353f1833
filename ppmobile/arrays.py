"""Named arrays on disk: .pdparams, .npz and .safetensors are read without running anything a file asks for."""

import collections
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np

from .errors import CheckpointError
from .files import atomic_write

BIG_ARRAYS = "UnpackBigParamInfor@@"  # paddle.save's own spelling: how it cut arrays above 1 GiB into slices
PARAMETER_NAMES = "StructuredToParameterName@@"  # paddle.save's table of automatic names, of no use to us
DTYPE = re.compile(r"(b1|[iu][1248]|f[248]|c(8|16))$")
NOT_A_STATE_DICT = "is not a state dict of arrays by name"


def read_arrays(path):
    """{name: ndarray} of a .pdparams, .npz or .safetensors file, in the file's order.

    bfloat16, which numpy lacks, comes as paddle.save writes it: uint16, the high half of the float32 bits.
    CheckpointError: no such file, unknown suffix, damaged or hostile content, not a state dict.
    """
    path = Path(path)
    reader = _of_suffix(READERS, path)
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file of weights")
    try:
        arrays = reader(path)
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}; check the file") from error
    except Exception as error:  # the three parsers raise nearly anything on bytes that are not theirs
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CheckpointError(f"{path}: damaged or not a {path.suffix} file ({reason}): get it again") from error
    if not arrays:
        raise CheckpointError(f"{path}: {NOT_A_STATE_DICT}: it is empty")
    return arrays


def write_arrays(path, arrays):
    """Write {name: ndarray} as the suffix of `path` says; .pdparams is what paddle.load reads.

    The file appears whole or not at all. CheckpointError for an unknown suffix.
    """
    path = Path(path)
    writer = _of_suffix(WRITERS, path)
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    with atomic_write(path) as temporary:
        writer(temporary, arrays)


def _of_suffix(table, path):
    if path.suffix not in table:
        raise CheckpointError(f"{path}: unknown kind of weights {path.suffix!r}, expected one of {', '.join(table)}")
    return table[path.suffix]


def _read_npz(path):
    archive = np.load(path, allow_pickle=False)
    if isinstance(archive, np.ndarray):
        raise ValueError("a bare .npy array")
    with archive:
        return {name: archive[name] for name in archive.files}


def _read_safetensors(path):
    from safetensors.numpy import load_file

    return load_file(str(path))


def _read_pdparams(path):
    with open(path, "rb") as file:
        content = _ArrayUnpickler(file, path).load()
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: {NOT_A_STATE_DICT}: it holds a {type(content).__name__}")
    content.pop(PARAMETER_NAMES, None)
    slices = content.pop(BIG_ARRAYS, {})
    arrays = {name: _array(name, value, path) for name, value in content.items()}
    return _join_slices(arrays, slices)


def _array(name, value, path):
    """The ndarray of one entry; paddle.save writes a bare array, or (automatic name, array) when nested."""
    if isinstance(value, tuple) and len(value) == 2:
        value = value[1]
    if not isinstance(name, str) or not isinstance(value, _PickledArray):
        raise CheckpointError(f"{path}: {NOT_A_STATE_DICT}: {name!r} is a {type(value).__name__}")
    return value.array()


def _join_slices(arrays, slices):
    """Undo paddle.save's cutting of arrays that pickle protocols 2 and 3 cannot hold."""
    for name, piece in slices.items():
        parts = [arrays.pop(part) for part in piece["slices"]]
        arrays[name] = np.concatenate(parts).reshape(piece["OriginShape"])
    return arrays


class _PickledType:
    """Stand-in for numpy.dtype: remembers its code and byte order, and runs none of numpy's own set-up."""

    def __init__(self, code, *flags):
        self.code, self.order = code, "="

    def __setstate__(self, state):
        self.order = {"<": "<", ">": ">"}.get(state[1], "=")

    def dtype(self):
        if not DTYPE.match(self.code):
            raise pickle.UnpicklingError(f"array of type {self.code!r}")
        return np.dtype(self.order + self.code)


class _PickledArray:
    """Stand-in for numpy.ndarray: keeps the bytes and shape until they have been checked."""

    def __setstate__(self, state):
        _, self.shape, self.type, self.fortran, self.data = state

    def array(self):
        """The ndarray; ValueError if the bytes do not fill the shape."""
        data = self.data.encode("latin1") if isinstance(self.data, str) else self.data  # str: written by Python 2
        flat = np.frombuffer(data, self.type.dtype())
        return flat.reshape(self.shape, order="F" if self.fortran else "C").copy()


class _ArrayUnpickler(pickle.Unpickler):
    """Reads dicts, lists, texts, numbers and numpy arrays; any other global of the file is refused by name.

    A pickle may name any function and call it. The few names that paddle.save writes are answered with
    stand-ins made afresh for each file, so that a file can neither reach numpy's internals nor spoil the next one.
    """

    def __init__(self, file, path):
        super().__init__(file, encoding="latin1")
        self.path = path

    def find_class(self, module, name):
        """What the file may call `module.name`. CheckpointError for a name that is not on the short list."""
        allowed = {
            ("numpy", "ndarray"): "ndarray",  # only ever an argument of _reconstruct
            ("numpy", "dtype"): lambda *arguments: _PickledType(*arguments),
            ("numpy.core.multiarray", "_reconstruct"): lambda *arguments: _PickledArray(),
            ("numpy._core.multiarray", "_reconstruct"): lambda *arguments: _PickledArray(),
            ("_codecs", "encode"): lambda text, encoding: text.encode("latin1"),  # how protocol 2 spells bytes
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("builtins", "tuple"): tuple,
            ("__builtin__", "tuple"): tuple,
        }
        if (module, name) not in allowed:
            asked = "".join(c if c.isprintable() else "?" for c in f"{module}.{name}")
            raise CheckpointError(
                f"{self.path}: asks to run {asked}: refused, only named arrays are read; "
                "get the file from a source you trust, or save it again as .npz or .safetensors"
            )
        return allowed[module, name]


def _write_npz(path, arrays):
    with zipfile.ZipFile(path, "w") as archive:  # np.savez cannot take an array called "file"
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _write_safetensors(path, arrays):
    from safetensors.numpy import save_file

    save_file(arrays, str(path))


def _write_pdparams(path, arrays):
    with open(path, "wb") as file:
        pickle.dump(arrays, file, protocol=4)


READERS = {".pdparams": _read_pdparams, ".npz": _read_npz, ".safetensors": _read_safetensors}
WRITERS = {".pdparams": _write_pdparams, ".npz": _write_npz, ".safetensors": _write_safetensors}
