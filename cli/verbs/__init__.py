"""One module per verb of the `evergreen` command."""
