"""What a training example is: where pictures come from and how they become batches."""
