"""Presets in the forms that other programs run."""
