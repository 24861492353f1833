"""Predictors: answers from an exported artefact, on whichever runtime; no training code, and paddle only if it runs."""
