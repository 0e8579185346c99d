"""What a model is run on, and the run itself."""
