"""Numbers that tell how good a model is, computed with NumPy so that every runtime is judged alike."""

from . import topk  # noqa: F401  (the import registers it)
from .base import METRICS, Metric

__all__ = ["METRICS", "Metric"]
