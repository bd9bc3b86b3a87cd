"""What is fitted, how it decides, and what is measured of it."""
