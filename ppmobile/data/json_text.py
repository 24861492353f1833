"""Reads annotation files in JSON, and tells in one line what is wrong with one that is damaged."""

import contextlib
import json
from pathlib import Path

from ..errors import DataError


def read_json(path):
    """The object (a dict) in a JSON file, with or without a byte order mark; DataError names file, line and column."""
    try:
        content = json.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, line {error.lineno}, column {error.colno}: is cut off or damaged ({error.msg}); "
                        "get it again") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, a number of too many digits; lists in lists in lists
        raise DataError(f"{path}: is not a JSON text ({type(error).__name__}); get it again") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds a {type(content).__name__}, not an object of named parts; is it another file?")
    return content


@contextlib.contextmanager
def entry(path, place):
    """Turn what Python says of a malformed entry of the file `path` into a DataError that names the entry's `place`."""
    try:
        yield
    except KeyError as error:
        raise DataError(f"{path}: {place} has no {error.args[0]!r}; add it or remove the entry") from error
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(f"{path}: {place} cannot be used ({error}); correct or remove it") from error
