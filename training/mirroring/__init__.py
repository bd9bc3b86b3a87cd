"""Shows a training's MLflow run elsewhere too, in a process of its own that may fail or hang."""
