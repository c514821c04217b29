"""Fewer bytes for the same JPEG: tables of one kind share a segment.

libjpeg writes a segment for each table, four bytes of which are its marker and length: for a colour
picture 16 bytes more than necessary, where a whole file may have a thousand. T.81, B.2.4.1 and
B.2.4.2, lets a segment have several tables, and encoders for the web write them so.
"""

from comrec_tf.images import jpeg_markers, marker_segments

__all__ = ["join"]

_TABLES = {jpeg_markers.DQT, jpeg_markers.DHT}


def join(content: bytes) -> bytes:
    """Join segments of tables that follow each other before the first scan.

    Args:
        content: a whole JPEG, as an encoder wrote it.

    Returns:
        A JPEG that decodes to the same.
    """
    joined: list[tuple[int, bytes]] = []
    end = marker_segments.START
    for marker, start, end in marker_segments.walk(content, jpeg_markers.SOS):
        body = content[start + 4 : end]
        if joined and joined[-1][0] == marker and marker in _TABLES:
            body = joined.pop()[1] + body
        joined.append((marker, body))
    header = b"".join(marker_segments.segment(marker, body) for marker, body in joined)
    return jpeg_markers.FILE_START + header + content[end:]
