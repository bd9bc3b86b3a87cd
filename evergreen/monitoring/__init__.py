"""Drift of the inputs and quality of the predictions, after a model is promoted."""
