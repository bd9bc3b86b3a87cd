"""The feature store: its online tables, and the workflow that fills them; only with [features]."""
