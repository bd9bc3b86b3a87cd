"""Parts that only the demo needs: its candidates, its later data, and what it reads from the stack."""
