"""Training: the loop, its hooks, checkpoints, optimizers, schedules, and runs assembled from a config."""
