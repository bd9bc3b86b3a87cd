"""What Prepare makes of a table: rows on two sides, how they depend on each other, and the contract."""
