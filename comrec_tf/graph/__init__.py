"""What leaves TensorFlow: networks in forms that other runtimes compute."""
