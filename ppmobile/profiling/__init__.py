"""What a model costs: multiply-accumulates, parameters, and measured time."""
