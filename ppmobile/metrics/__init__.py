"""Numbers that tell how good a model is, computed with NumPy so that every runtime is judged alike."""

from . import coco, topk, voc  # noqa: F401  (the import registers them)
from .base import METRICS, Metric

__all__ = ["METRICS", "Metric"]
