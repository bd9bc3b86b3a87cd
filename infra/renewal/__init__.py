"""Renewal: the workflow that trains challengers on what was captured, and what starts it; only with [renewal]."""
