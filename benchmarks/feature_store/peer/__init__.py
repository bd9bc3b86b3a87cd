"""Feast alone, as its own documentation uses it. These programs run with the Python of .venv-features."""
