"""What computes the networks on tiles: LiteRT, or TensorFlow."""
