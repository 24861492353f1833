"""The errors a user can cause: each says what is wrong, where, and what to do next."""


class PPMobileError(Exception):
    """Base of all expected errors. The command line prints it as one line and exits with status 2."""


class ConfigError(PPMobileError):
    """A config names something that does not exist, or gives it a wrong value."""


class DataError(PPMobileError):
    """A picture, label or list file cannot be used."""


class CheckpointError(PPMobileError):
    """A file of weights is missing, damaged, unsafe, or belongs to another model."""


class ExportError(PPMobileError):
    """A model cannot be written for, or run on, the wanted target."""
