"""The backbones, one family a file; importing the package registers them all, and offers each by name."""

from .. import BACKBONES, import_modules

import_modules(__name__, __path__)
__all__ = BACKBONES.names()
globals().update({name: BACKBONES.get(name) for name in __all__})
