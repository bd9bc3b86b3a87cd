"""Removes a stack with all that it leaves behind, and finds what is still there."""
