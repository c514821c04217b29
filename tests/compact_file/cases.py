"""Headers and the smallest JPEG that carries them, for the compact file and its twin in graphs."""

import io

import numpy as np
import PIL.Image

from comrec_tf.compact_file import container

HEADER = container.Header(
    preset_id=0xDEADBEEF, scale=2, quality=37, step=21.5, height=15, width=16, grey=True
)
EXTREMES = [
    HEADER,
    container.Header(0, 1, 1, 1 / 64, 8, 8, False),
    container.Header(2**32 - 1, 2, 100, 1023, 16, 15, True),
]
#: Where the layout of `container` starts in a file of `jpeg`.
PAYLOAD = 6


def jpeg(**kwargs) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(buffer, "JPEG", **kwargs)
    return buffer.getvalue()
