"""Metrics, their uncertainty, and the gates that decide whether a candidate is promoted."""
