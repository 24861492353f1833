"""The registries of backbones, necks and heads; paddle is imported at the first look-up, not here."""

import importlib
import pkgutil

from ..registry import Registry

BACKBONES = Registry("backbone", "ppmobile.models.backbones")
NECKS = Registry("neck", "ppmobile.models.necks", given=("in_channels", "strides"))
HEADS = Registry("head", "ppmobile.models.heads", given=("in_channels", "strides", "num_classes"))


def import_modules(package, path):
    """Import every module of the folder `path` of `package`, so that a new file there registers itself."""
    for module in pkgutil.iter_modules(path):
        importlib.import_module(f"{package}.{module.name}")
