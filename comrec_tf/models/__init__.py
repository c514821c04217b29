"""What the two networks are, and the model that trains them as a pair."""
