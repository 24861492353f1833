"""The heads, one task a file; importing the package registers them all, and offers each by name."""

from .. import HEADS, import_modules

import_modules(__name__, __path__)
__all__ = HEADS.names()
globals().update({name: HEADS.get(name) for name in __all__})
