"""The one folder for what ppmobile downloads, generates and remembers, so that a single variable moves all of it."""

import os
from pathlib import Path


def cache_home():
    """$PPMOBILE_HOME, with ~ for the user's home, else ~/.cache/ppmobile; an absolute Path that need not exist."""
    chosen = os.environ.get("PPMOBILE_HOME")
    return Path(chosen).expanduser().absolute() if chosen else Path.home() / ".cache" / "ppmobile"
