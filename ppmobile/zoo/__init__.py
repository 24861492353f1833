"""Pretrained weights by name: fetched once, checked on each use, and loaded under the official PaddleClas keys."""

from .official import LoadReport, load_official, official_keys
from .weights import cache_folder, fetch, names, official_name, resolve

__all__ = [
    "LoadReport", "cache_folder", "fetch", "load_official", "names", "official_keys", "official_name", "resolve",
]  # fmt: skip
