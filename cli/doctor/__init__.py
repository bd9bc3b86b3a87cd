"""What `evergreen doctor` looks at before a deployment, a module for each kind of check."""
