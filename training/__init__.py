"""What runs inside the SageMaker jobs: pure functions, each with a thin entry point by the container contract."""
