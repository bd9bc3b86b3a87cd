"""What Feast has defined and stored, for everything that runs without Feast."""
