"""Trained pairs of networks: their cards, where they are found, their weights."""
