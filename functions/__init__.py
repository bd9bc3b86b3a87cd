"""The Lambda functions, one folder each. A handler parses, calls and maps; the domain lives in evergreen/."""
