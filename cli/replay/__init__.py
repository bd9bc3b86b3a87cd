"""The replay: nine years of the demo's data, month by month, with renewal and without."""
