"""Downloads weights so that only whole, readable files ever get their final name."""

import hashlib
import http.client
import logging
import time
import urllib.error
import urllib.request
from pathlib import Path

from ..arrays import read_arrays
from ..errors import CheckpointError
from ..files import atomic_write

TRIES = 3
PAUSE = 1.0  # seconds before the second try, doubled before each later one
TIMEOUT = 30.0  # seconds without a byte
BLOCK = 1 << 20
TEMPORARY_CODES = (408, 425, 429)  # besides 5xx, HTTP answers that a later try may better


class _Interrupted(Exception):
    """The transfer failed. An OSError inside atomic_write would be taken for a failure to write."""

    def __init__(self, reason, again=True):
        super().__init__(str(reason) or type(reason).__name__)
        self.again = again


def download(url, path, sha256=None):
    """Bring the weights at `url` (http, https or file) to `path`; returns their sha256.

    sha256: what it must be, if known. CheckpointError if the URL cannot be reached (3 tries), the content is
    cut, not readable as weights, or has another sha256: then nothing is left at `path`.
    """
    path = Path(path)
    logging.getLogger(__name__).info("downloading %s to %s", url, path)
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            return _try(url, path, sha256)
        except _Interrupted as error:
            failure = error
            if not error.again:
                break
    raise CheckpointError(f"{url}: cannot be downloaded ({failure}); get it by hand and put it at {path}") from failure


def _try(url, path, expected):
    with atomic_write(path) as temporary:
        actual = _stream(url, temporary)
        if expected is not None and actual != expected:
            raise CheckpointError(f"{url}: sha256 is {actual}, expected {expected}: refused, nothing was kept")
        try:
            read_arrays(temporary)
        except CheckpointError as error:  # a proxy's or a login page, for example
            reason = str(error).replace(f"{temporary}: ", "")
            raise CheckpointError(f"{url}: the answer is not weights: {reason}; nothing was kept at {path}") from error
    return actual


def _stream(url, target):
    """Copy the bytes of `url` to the file `target`; their sha256. _Interrupted if not all of them arrive."""
    digest, size = hashlib.sha256(), 0
    with _connect(url) as response, open(target, "wb") as file:
        length = response.headers.get("Content-Length")
        while True:
            block = _receive(response)
            if not block:
                break
            digest.update(block)
            size += len(block)
            file.write(block)
    if length is not None and size != int(length):
        raise _Interrupted(f"{size} of {length} bytes arrived")
    return digest.hexdigest()


def _connect(url):
    try:
        return urllib.request.urlopen(url, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise _Interrupted(error, error.code >= 500 or error.code in TEMPORARY_CODES) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(error) from error


def _receive(response):
    try:
        return response.read(BLOCK)
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(error) from error
