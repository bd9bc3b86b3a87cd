"""Adapters, one per AWS service that the engine lacks or does differently."""
