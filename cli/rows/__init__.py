"""A file of rows on its way to the endpoint and back."""
