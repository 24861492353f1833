"""The necks, one a file, from backbone maps to head maps; importing the package registers them all."""

from .. import import_modules

import_modules(__name__, __path__)
