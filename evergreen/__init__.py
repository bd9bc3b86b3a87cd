"""What functions and training share: the contract, the portable model, the rules and the bundle. No AWS in here."""
