"""What was captured of requests: records of predictions with their rows, and of feedback with its labels."""
