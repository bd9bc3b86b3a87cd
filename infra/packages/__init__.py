"""What is uploaded: a zip per function and the archive of the jobs."""
