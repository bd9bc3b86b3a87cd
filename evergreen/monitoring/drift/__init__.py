"""Whether the rows that are predicted for still look like those that the model was judged on."""
