"""Pictures in, compact files out, and back."""
