"""Functions and jobs as processes on this machine."""
