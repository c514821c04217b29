"""What a preset is worth beside other codecs."""
