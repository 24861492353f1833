"""The bare library's settings are those of the runtimes, seen by libraries that only note what they are told."""

import sys
import types

import pytest

from ppmobile.predict.runtimes import paddle_cpu
from ppmobile.profiling import bare


class Inference:
    """In place of paddle.inference: `told` has every call on a Config, with its arguments."""

    def __init__(self):
        self.told = []

    def Config(self, *files):  # noqa: N802, the library's name
        """A Config that notes all that is set on it."""
        inference = self

        class Config:
            """Any method is a setting."""

            def __getattr__(self, name):
                return lambda *values: inference.told.append((name, *values))

        self.told.append(("Config", *files))
        return Config()

    def create_predictor(self, config):
        """A predictor with an input and an output, which is not run."""
        handles = {"get_input_names": lambda: ["x"], "get_output_names": lambda: ["y"],
                   "get_input_handle": lambda name: None, "get_output_handle": lambda name: None}
        return types.SimpleNamespace(**handles)


@pytest.fixture
def inference(monkeypatch):
    """The Inference that `from paddle import inference` gives."""
    fake = Inference()
    monkeypatch.setitem(sys.modules, "paddle", types.SimpleNamespace(inference=fake))
    return fake


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_paddle_is_set_as_the_runtime_sets_it(inference, precision):
    bare.paddle(["a", "b"], precision, 2)
    settings, inference.told = inference.told, []
    runtime = paddle_cpu.PaddleRuntime.__new__(paddle_cpu.PaddleRuntime)
    runtime.threads, runtime.precision = 2, precision
    runtime._load(["a", "b"])
    assert sorted(settings, key=lambda call: call[0]) == sorted(inference.told, key=lambda call: call[0])
    assert ("set_mkldnn_cache_capacity", 10) in settings and ("Config", "a", "b") in settings


def test_the_same_operators_are_quantized():
    assert bare.INT8_OPERATORS == paddle_cpu.INT8_OPERATORS
