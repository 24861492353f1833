"""Looks at every picture of a dataset once, before training, so that a bad file costs seconds and not a night."""

import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..errors import DataError, PPMobileError
from ..files import write_text
from .faults import inspect_picture
from .report import Report
from .upright import turn_boxes

CACHE_VERSION = 1  # another number makes all old cache files void: raise it when inspect_picture finds more
BLOCK = 512  # files handed to the threads at once
SHOWN = 5  # items that an error message lists


def scan(dataset, cache=None):
    """A Report on all pictures and labels of `dataset`.

    cache: a JSON file that keeps what was found, so that files of unchanged size and time are not decoded
    again; None keeps nothing. Several datasets may share one; a damaged one is ignored and replaced, one that
    cannot be written costs a warning.
    """
    known = load_cache(cache) if cache else {}
    paths = list(dict.fromkeys(str(path) for path in dataset.paths))
    stamps = {path: _stamp(path) for path in paths}
    changed = [path for path in paths if stamps[path] is None or known.get(path, ())[:2] != stamps[path]]
    found = {path: known[path][2] for path in paths if path in known}
    try:
        for path, facts in inspect_all(changed):
            found[path] = facts
            known[path] = [*(stamps[path] or (None, None)), facts]
    finally:  # what an interrupted scan has seen need not be seen again
        if cache and changed:
            _remember(cache, {path: entry for path, entry in known.items() if not _removed(path, dataset.root)})
    turn_boxes(dataset, found)
    return Report(dataset, found)


def inspect_all(paths):
    """Yield (path, its facts) in order; several threads work, since decoding frees the GIL."""
    from tqdm import tqdm

    with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
        with tqdm(total=len(paths), desc="checking pictures", unit="file", delay=1, disable=None) as bar:
            for start in range(0, len(paths), BLOCK):
                block = paths[start : start + BLOCK]
                for path, facts in zip(block, pool.map(inspect_picture, block)):
                    bar.update()
                    yield path, facts


def enforce(dataset, report, max_bad=0):
    """Take the pictures that cannot be trained on out of `dataset.items`; returns how many.

    They are kept in `dataset.bad` as {index before: reason}. Raises DataError, with the first of them, if
    there are more than `max_bad`, or if no picture would be left.
    """
    reasons = {finding.path: f"{finding.kind}: {finding.reason}" for finding in report.fatal}
    bad = {i: reasons[str(item["path"])] for i, item in enumerate(dataset.items) if str(item["path"]) in reasons}
    if not bad:
        return 0
    if len(bad) > max_bad or len(bad) == len(dataset.items):
        first = [(str(dataset.items[i]["path"]), bad[i]) for i in list(bad)[:SHOWN]]
        listed = "; ".join(f"{report.where(path)}: {reason}" for path, reason in first)
        more = f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        raise DataError(
            f"{len(bad)} of {len(dataset.items)} pictures cannot be used (data.max_bad allows {max_bad}): "
            f"{listed}{more}. Repair or remove them; `ppmobile check -c CONFIG` lists them all"
        )
    dataset.bad = bad
    dataset.items = [item for i, item in enumerate(dataset.items) if i not in bad]
    return len(bad)


def load_cache(path):
    """{picture path: [bytes, mtime in ns, facts]} of a cache file; {} if there is none or it is damaged."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        files = content["files"] if content["version"] == CACHE_VERSION else {}
        return {name: entry for name, entry in files.items() if _is_entry(entry)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _remember(cache, known):
    """Write the cache file. A read-only cache folder must not stop a training on pictures that can be read."""
    try:
        write_text(cache, json.dumps({"version": CACHE_VERSION, "files": known}, ensure_ascii=False))
    except PPMobileError as error:
        logging.getLogger(__name__).warning("the pictures will be checked again next time: %s", error)


def _removed(path, root):
    """Whether a file below the dataset's root is gone; what lies elsewhere may only be unplugged."""
    return bool(root) and path.startswith(str(root) + os.sep) and not os.path.lexists(path)


def _is_entry(entry):
    return isinstance(entry, list) and len(entry) == 3 and isinstance(entry[2], dict) and "faults" in entry[2]


def _stamp(path):
    """[bytes, mtime in ns] of a file, None if it cannot be asked."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return [status.st_size, status.st_mtime_ns]
