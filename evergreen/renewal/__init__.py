"""Renewal: which challenger takes the champion's place, by what the periods since then have told."""
