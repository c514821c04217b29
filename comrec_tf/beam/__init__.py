"""Compression of pictures by the million: an Apache Beam pipeline and its file systems."""
