"""The stack: one construct per capability. stacks.py is wiring only."""
