"""Training examples: where pictures come from, and how they become batches."""
