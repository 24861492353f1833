"""Libraries that would report their use to their makers, imported so that they do not."""

import contextlib
import importlib
import sys

TELEMETRY = "openvino_telemetry"  # openvino and nncf do without it where it cannot be imported


def import_openvino():
    """The module openvino. ImportError where it is not installed."""
    return _import("openvino", "openvino.passes")[0]


def import_nncf():
    """The module nncf."""
    return _import("nncf")[0]


def _import(*names):
    with _hidden(TELEMETRY):
        return [importlib.import_module(name) for name in names]


@contextlib.contextmanager
def _hidden(name):
    """Inside, importing the module `name` fails."""
    before = sys.modules.get(name)
    sys.modules[name] = None
    try:
        yield
    finally:
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
