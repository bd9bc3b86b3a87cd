"""Versions of the table, in DVC, in Git and in the data bucket."""
