"""The search for hyperparameters, by the validation part alone."""
