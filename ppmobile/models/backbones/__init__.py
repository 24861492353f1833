"""The backbones, one family a file; importing the package registers them all."""

from .. import import_modules

import_modules(__name__, __path__)
