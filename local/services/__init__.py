"""Adapters, one for each AWS service that ministack lacks or implements differently."""
