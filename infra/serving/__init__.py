"""The HTTPS endpoint and the predict function behind it."""
