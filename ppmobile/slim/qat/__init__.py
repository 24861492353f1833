"""Training in simulated int8: the rounding, the layers that do it, which ones those are, and their int8 graphs."""
