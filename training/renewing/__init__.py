"""Renewal: what the jobs of a renewal do beside those of a training."""
