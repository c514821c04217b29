"""Compact files: what they carry besides their picture, and where each format keeps it."""
