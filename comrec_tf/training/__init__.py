"""How weights change: configuration, input, callbacks and the run itself."""
