"""Other protocols in which the endpoint answers, a translator each. It is loaded by the first request to its routes."""
