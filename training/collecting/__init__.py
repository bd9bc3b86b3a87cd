"""Predictions come back as rows to train on, once their truth is known."""
