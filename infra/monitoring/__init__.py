"""Captures of predictions, the drift check, alarms, messages and the dashboard."""
