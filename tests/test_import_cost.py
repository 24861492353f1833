"""What an import brings along: scripts and predictors that never train must not wait for paddle."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def imported(statement, *watched):
    """Those of the modules `watched` that `statement` brings into a fresh process."""
    code = f"import sys; {statement}; print(*[m for m in {watched!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_package_itself_is_light():
    heavy = ("paddle", "cv2", "matplotlib", "sklearn", "PIL", "numpy", "yaml")
    assert imported("import ppmobile", *heavy) == []


@pytest.mark.parametrize("module", ["data", "transforms", "models", "metrics", "files", "config", "cli", "arrays",
                                    "commands.arguments", "explain.draw", "zoo"])
def test_no_paddle(module):
    assert imported(f"import ppmobile.{module}", "paddle", "sklearn", "matplotlib") == []


def test_looking_up_readers_and_transforms_needs_no_paddle():
    statement = ("from ppmobile.data import READERS; from ppmobile.transforms import TRANSFORMS, BATCH_TRANSFORMS; "
                 "READERS.names(), TRANSFORMS.names(), BATCH_TRANSFORMS.names()")
    assert imported(statement, "paddle", "sklearn", "matplotlib") == []


def test_the_check_can_fail():
    assert imported("import json", "json", "paddle") == ["json"]


def test_dir_shows_what_the_package_offers():
    import ppmobile

    assert dir(ppmobile) == ["__version__", "build", "load", "zoo"]
    assert all(hasattr(ppmobile, name) for name in dir(ppmobile))
