"""Access to a deployed stack: its outputs, endpoint, registry, workflow and checks."""
