"""The feature store of a deployed stack: its definitions on this machine, its histories and its online tables."""
