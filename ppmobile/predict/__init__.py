"""Predictors: answers from an exported artefact on a fast runtime; no training code, and paddle only if it runs."""

from .detections import Detection, Detections
from .predictor import Predictor, load
from .results import Classification, Timing

__all__ = ["Classification", "Detection", "Detections", "Predictor", "Timing", "load"]
