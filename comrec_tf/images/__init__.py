"""What a pixel is: files, colours, number ranges and geometry of pictures."""
