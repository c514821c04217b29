"""The two networks, and the model that trains them as a pair."""
