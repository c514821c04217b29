"""Markers of JPEG files, by their names in ITU-T T.81, table B.1: the byte after 0xFF."""

__all__ = [
    "APP0",
    "APP1",
    "APP2",
    "APP9",
    "APP15",
    "COM",
    "DAC",
    "DHT",
    "DQT",
    "EOI",
    "FILE_START",
    "JPG",
    "RST0",
    "RST7",
    "SOF0",
    "SOF15",
    "SOI",
    "SOS",
    "TEM",
]

#: Start and end of an image, start of a scan, quantisation tables.
SOI, EOI, SOS, DQT = 0xD8, 0xD9, 0xDA, 0xDB
#: The first and the last frame header, and the markers between them that are none: Huffman tables,
#: an extension, arithmetic coding.
SOF0, SOF15, DHT, JPG, DAC = 0xC0, 0xCF, 0xC4, 0xC8, 0xCC
#: The first and the last restart within a scan; a private marker without a segment.
RST0, RST7, TEM = 0xD0, 0xD7, 0x01
#: Segments of applications, from the first to the last, and comments.
APP0, APP1, APP2, APP9, APP15, COM = 0xE0, 0xE1, 0xE2, 0xE9, 0xEF, 0xFE
#: The first bytes of every JPEG.
FILE_START = bytes([0xFF, SOI])
