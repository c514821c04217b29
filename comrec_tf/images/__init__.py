"""Pictures: their files, metadata, colours and tiles, and how good a restored one is."""
