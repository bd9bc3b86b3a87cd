"""Looks at a deployed stack through its own endpoint, and takes out of the captures what it has sent."""
