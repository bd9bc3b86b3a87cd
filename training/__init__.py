"""The code of the SageMaker jobs: pure functions, with a thin entry point for each job."""
