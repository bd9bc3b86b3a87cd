"""Functions and jobs as processes of this machine."""
