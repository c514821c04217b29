"""The standard codecs: 8-bit pictures to bytes and back, all of them by name."""
