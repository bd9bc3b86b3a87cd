"""The metrics of a deployed stack for Prometheus: CloudWatch is read once a minute at most, and served as text."""
