"""The file that carries a compact picture and what is needed to restore it."""
