"""The training workflow: a state machine, its two jobs, its functions and its messages."""
