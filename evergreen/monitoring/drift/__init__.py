"""Drift: whether the rows in requests still look like the holdout that the model was judged on."""
