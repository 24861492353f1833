"""From a trained net to an artefact folder, and the proof that each of its files computes what was trained."""
