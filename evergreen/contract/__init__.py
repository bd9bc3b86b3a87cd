"""What a row must look like, and which changes of it callers would notice."""
