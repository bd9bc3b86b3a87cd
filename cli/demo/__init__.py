"""What only the demo needs: its candidates, its later data, and what it shows of the stack."""
