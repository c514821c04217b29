import io

import PIL.Image
import PIL.JpegImagePlugin

from comrec_tf.images import jpeg_markers


def test_names_are_those_that_pillow_has():
    names = {code & 0xFF: entry[0] for code, entry in PIL.JpegImagePlugin.MARKER.items()}
    for name in set(jpeg_markers.__all__) - {"FILE_START", "TEM"}:
        assert names[getattr(jpeg_markers, name)] == name


def test_a_jpeg_begins_as_it_says():
    buffer = io.BytesIO()
    PIL.Image.new("L", (8, 8)).save(buffer, "JPEG")
    assert buffer.getvalue().startswith(jpeg_markers.FILE_START)
    assert buffer.getvalue().endswith(bytes([0xFF, jpeg_markers.EOI]))
