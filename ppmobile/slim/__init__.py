"""Making a trained model cheaper, each way with a proof of what it costs in accuracy."""
