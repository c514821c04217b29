"""Training a pair: configuration, input, callbacks and the run itself."""
