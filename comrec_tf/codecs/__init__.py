"""What a standard codec is, and the file that carries a compact picture."""
