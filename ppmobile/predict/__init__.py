"""Predictors: answers from an exported artefact on a fast runtime; no training code, and paddle only if it runs."""

from .predictor import Predictor, load
from .results import Classification, Timing

__all__ = ["Classification", "Predictor", "Timing", "load"]
