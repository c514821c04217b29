"""Twins, in TensorFlow operations, of what trained and exported graphs need."""
