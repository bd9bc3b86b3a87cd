"""Looks at a table that nobody has described, and writes the model.toml that a training can begin with."""
