"""Named arrays survive each file format, and neither a damaged nor a hostile file gets through."""

import collections
import os
import pickle

import numpy as np
import pytest

from ppmobile.arrays import read_arrays, write_arrays
from ppmobile.errors import CheckpointError

SUFFIXES = [".pdparams", ".npz", ".safetensors"]
DTYPES = ["float32", "float16", "float64", "int64", "uint8", "bool"]


def some_arrays():
    rng = np.random.default_rng(0)
    arrays = {f"block.{d}": (rng.normal(size=(2, 3)) * 4).astype(d) for d in DTYPES}
    return {**arrays, "scalar": np.float32(3).reshape(()), "empty": np.zeros((0, 4), "float32"), "file": np.ones(1)}


def same(a, b):
    assert set(a) == set(b)
    for key in a:
        assert a[key].dtype == b[key].dtype and a[key].shape == b[key].shape, key
        assert np.array_equal(a[key], b[key]), key


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_back(tmp_path, suffix):
    path = tmp_path / f"图片 é{suffix}"
    write_arrays(path, some_arrays())
    same(read_arrays(path), some_arrays())
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_transposed_array_keeps_its_values(tmp_path, suffix):
    array = np.arange(6, dtype="float32").reshape(2, 3).T
    write_arrays(tmp_path / f"a{suffix}", {"a": array})
    assert np.array_equal(read_arrays(tmp_path / f"a{suffix}")["a"], array)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_reads_what_paddle_saves(tmp_path, protocol):
    import paddle

    net = paddle.nn.Sequential(paddle.nn.Conv2D(3, 4, 3), paddle.nn.BatchNorm2D(4))
    path = str(tmp_path / "net.pdparams")
    paddle.save(net.state_dict(), path, protocol=protocol)
    same(read_arrays(path), {key: value.numpy() for key, value in net.state_dict().items()})


def test_reads_a_nested_save_of_tensors_and_bfloat16(tmp_path):
    import paddle

    path = str(tmp_path / "a.pdparams")  # an array beside tensors makes paddle.save write (name, array) pairs
    paddle.save({"a": paddle.to_tensor([1.0, -2.5]).astype("bfloat16"), "b": np.ones(3)}, path)
    arrays = read_arrays(path)
    assert arrays["a"].tolist() == [0x3F80, 0xC020]  # the high halves of 1.0 and -2.5 in float32
    assert arrays["b"].tolist() == [1, 1, 1]


def test_paddle_loads_what_is_written(tmp_path):
    import paddle

    write_arrays(tmp_path / "a.pdparams", {"w": np.arange(4, dtype="float32")})
    loaded = paddle.load(str(tmp_path / "a.pdparams"))
    assert loaded["w"].numpy().tolist() == [0, 1, 2, 3]


def test_joins_the_slices_of_a_big_array(tmp_path):
    # the layout of paddle.framework.io_utils._unpack_saved_dict, which cuts arrays above 1 GiB
    content = {
        "w@@.0": np.arange(4.0), "w@@.1": np.arange(4.0, 6.0), "b": np.ones(1),
        "UnpackBigParamInfor@@": {"w": {"OriginShape": (2, 3), "slices": ["w@@.0", "w@@.1"]}},
    }  # fmt: skip
    (tmp_path / "big.pdparams").write_bytes(pickle.dumps(content, protocol=2))
    arrays = read_arrays(tmp_path / "big.pdparams")
    assert set(arrays) == {"w", "b"}
    assert np.array_equal(arrays["w"], np.arange(6.0).reshape(2, 3))


def test_byte_order_and_fortran_order(tmp_path):
    content = {"big": np.arange(3, dtype=">f4"), "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3))}
    (tmp_path / "a.pdparams").write_bytes(pickle.dumps(collections.OrderedDict(content), protocol=4))
    arrays = read_arrays(tmp_path / "a.pdparams")
    assert arrays["big"].tolist() == [0, 1, 2] and arrays["fortran"].tolist() == [[0, 1, 2], [3, 4, 5]]


class Hostile:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (os.system, ("touch {}",), "system"),
        (eval, ("open({!r}, 'w')",), "builtins.eval"),
        (np.save, ("{}", np.ones(1)), "numpy.save"),
        (getattr, (np, "load"), "builtins.getattr"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_hostile_pickle_is_refused_and_runs_nothing(tmp_path, monkeypatch, function, arguments, name, protocol):
    trace = tmp_path / "trace.npy"
    arguments = [a.format(str(trace)) if isinstance(a, str) else np.ones(1) for a in arguments]
    path = tmp_path / "evil.pdparams"
    path.write_bytes(pickle.dumps({"w": Hostile(function, *arguments)}, protocol=protocol))
    with pytest.raises(CheckpointError, match="asks to run .*: refused") as caught:
        read_arrays(path)
    assert name.split(".")[-1] in str(caught.value) and str(path) in str(caught.value)
    assert "\n" not in str(caught.value) and not trace.exists()


def test_name_with_a_line_break_keeps_the_message_one_line(tmp_path):
    (tmp_path / "evil.pdparams").write_bytes(b"\x80\x04\x8c\x03o\ns\x8c\x06system\x93.")
    with pytest.raises(CheckpointError, match=r"asks to run o\?s.system: refused"):
        read_arrays(tmp_path / "evil.pdparams")


def test_array_of_objects_is_refused(tmp_path):
    array = np.array([{"a": 1}], dtype=object)
    (tmp_path / "o.pdparams").write_bytes(pickle.dumps({"w": array}, protocol=4))
    np.savez(tmp_path / "o.npz", w=array)
    for name in ("o.pdparams", "o.npz"):
        with pytest.raises(CheckpointError, match=name):
            read_arrays(tmp_path / name)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("keep", [0, 1, 9, 0.5, 0.98])
def test_truncated_file_is_one_clear_line(tmp_path, suffix, keep):
    path = tmp_path / f"a{suffix}"
    write_arrays(path, some_arrays())
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(CheckpointError, match="damaged or not a") as caught:
        read_arrays(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_random_bytes_are_refused(tmp_path, suffix):
    rng = np.random.default_rng(1)
    for _ in range(50):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(rng.integers(0, 256, 40, dtype=np.uint8).tobytes())
        with pytest.raises(CheckpointError):
            read_arrays(path)


def test_pickle_with_wrong_shape_is_refused(tmp_path):
    data = pickle.dumps({"w": np.ones((2, 3), "float32")}, protocol=4)
    assert data.count(b"K\x02K\x03\x86") == 1  # the pickled tuple (2, 3)
    (tmp_path / "a.pdparams").write_bytes(data.replace(b"K\x02K\x03\x86", b"K\x02K\x09\x86"))
    with pytest.raises(CheckpointError, match="reshape"):
        read_arrays(tmp_path / "a.pdparams")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"epoch": 3}, "'epoch' is a int"),
        ([1, 2], "it holds a list"),
        ({"a": {"b": 1}}, "'a' is a dict"),
        ({}, "empty"),
    ],
)
def test_other_pickles_are_not_state_dicts(tmp_path, content, word):
    (tmp_path / "a.pdparams").write_bytes(pickle.dumps(content, protocol=4))
    with pytest.raises(CheckpointError, match="is not a state dict.*" + word):
        read_arrays(tmp_path / "a.pdparams")


def test_missing_file_and_unknown_suffix(tmp_path):
    with pytest.raises(CheckpointError, match="none.npz: no such file"):
        read_arrays(tmp_path / "none.npz")
    with pytest.raises(CheckpointError, match="'.pth', expected one of .pdparams, .npz, .safetensors"):
        read_arrays(tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="unknown kind of weights"):
        write_arrays(tmp_path / "a.pth", {})


def test_bare_array_under_the_name_of_an_npz(tmp_path):
    with open(tmp_path / "a.npz", "wb") as file:
        np.save(file, np.ones(2))
    with pytest.raises(CheckpointError, match="bare .npy array"):
        read_arrays(tmp_path / "a.npz")
