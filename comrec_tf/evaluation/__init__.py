"""What a preset is worth compared with other codecs."""
