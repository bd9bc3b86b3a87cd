"""Rows with the outcomes of one or two models, as the bootstrap draws them: a module for each kind of metric."""
