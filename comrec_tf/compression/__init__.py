"""Pictures to compact files and back: by tiles, by rate control, file by file."""
