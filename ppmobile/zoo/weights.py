"""Published weights by the official name of a model: a table of URLs, a cache folder, and sha256 checks."""

import functools
import logging
from pathlib import Path

import yaml

from ..errors import CheckpointError, ConfigError, PPMobileError
from ..files import sha256, write_text
from ..home import cache_home
from ..registry import suggestion
from .download import download

VARIANTS = ("imagenet", "ssld")
CHECKPOINTS = ("best.safetensors", "last.safetensors")  # of a run's folder, the one to start from first


@functools.cache
def table():
    """zoo.yml: {official model name: {"backbone": config part, variant: {"url": ..., "sha256": ... or absent}}}."""
    return yaml.safe_load((Path(__file__).parent / "zoo.yml").read_text(encoding="utf-8"))


def names(variant=None):
    """Official names of all models that have weights; of those with the variant "imagenet" or "ssld" if given."""
    return [name for name, entry in table().items() if variant is None or variant in entry]


def cache_folder():
    """Where weights are kept: $PPMOBILE_HOME/weights, or ~/.cache/ppmobile/weights."""
    return cache_home() / "weights"


def official_name(part):
    """PaddleClas's name of a backbone part: {"name": "PPLCNet", "scale": 1.0} is "PPLCNet_x1_0".

    Options left out count with their defaults; out_strides does not matter. ConfigError if no such model was
    published.
    """
    from ..models import BACKBONES

    options = {option: parameter.default for option, parameter in BACKBONES.options(part["name"]).items()}
    full = {**options, **part}
    for name, entry in table().items():
        if all(full.get(option) == value for option, value in entry["backbone"].items()):
            return name
    given = ", ".join(f"{option} {value}" for option, value in full.items() if option not in ("name", "out_strides"))
    raise ConfigError(f"no weights were published for {part['name']} with {given}; known: {', '.join(table())}")


def resolve(spec, backbone):
    """The Path of the weights that a config's model.pretrained means.

    spec: "imagenet" or "ssld" for the published weights of the part `backbone`, fetched if need be; else a file, or
    the folder of a run, whose best checkpoint counts, or else its last.
    ConfigError if nothing such was published, CheckpointError if the file is not there.
    """
    if spec in VARIANTS:
        return fetch(official_name(backbone), spec)
    path = Path(spec).expanduser()
    path = next((path / name for name in CHECKPOINTS if (path / name).is_file()), path)
    if not path.is_file():
        raise CheckpointError(f"{spec}: no such file of weights; give a path, a run's folder, or one of "
                              f"{', '.join(VARIANTS)}")
    return path


def fetch(name, variant="imagenet", folder=None):
    """Path of the published weights of the model `name` in the cache, downloaded at the first use.

    folder: instead of cache_folder(). PaddleClas publishes no sha256: the one of the first download (or of a
    file put there by hand) is recorded beside it as NAME.pdparams.sha256 and checked on each later use; a
    sha256 in zoo.yml is enforced always. ConfigError for an unknown name or variant; CheckpointError if the
    download fails (it says where to put the file by hand) or a sha256 differs.
    """
    entry = _entry(name, variant)
    path = Path(folder or cache_folder()) / entry["url"].rpartition("/")[2]
    if not path.is_file():
        download(entry["url"], path, entry.get("sha256"))
    _check(path, entry.get("sha256"))
    return path


def _entry(name, variant):
    if name not in table():
        raise ConfigError(f"unknown model {name!r}.{suggestion(name, table())} Known: {', '.join(table())}")
    if variant not in VARIANTS or variant not in table()[name]:
        known = [v for v in VARIANTS if v in table()[name]]
        raise ConfigError(f"{name} has no published {variant!r} weights, only {', '.join(known)}")
    return table()[name][variant]


def _check(path, expected):
    """CheckpointError if the file has not the expected or recorded sha256; one that has neither is recorded."""
    record = path.with_name(f"{path.name}.sha256")
    actual = sha256(path)
    if expected is None and not record.is_file():
        _record(record, f"{actual}  {path.name}\n")
        return
    expected = expected or (record.read_text(encoding="utf-8").split() or [""])[0]
    if actual != expected:
        raise CheckpointError(
            f"{path}: changed since it was downloaded: its sha256 is {actual}, expected {expected}; "
            f"delete it and {record.name} to download it again"
        )


def _record(record, line):
    """Write the line that `sha256sum -c` reads. A cache that is read-only is used all the same."""
    try:
        write_text(record, line)
    except PPMobileError as error:
        logging.getLogger(__name__).warning("the sha256 of the weights is not recorded: %s", error)
