"""The matrix between RGB and full-range BT.601 YCbCr, the colours of JPEG (ITU-T T.871, section 7).

Everything the networks see is YCbCr (three channels) or luma alone (one channel); everything
that a file or a codec sees is RGB or grey. This module is the only place that knows the matrix.
"""

import numpy as np

__all__ = ["NEUTRAL_CHROMA", "RGB_TO_YCBCR", "luma"]

#: Rows Y, Cb, Cr; columns R, G, B (T.871, section 7; Kr = 0.299, Kb = 0.114).
RGB_TO_YCBCR = np.array(
    [
        [0.299, 0.587, 0.114],
        [-0.299 / 1.772, -0.587 / 1.772, 0.5],
        [0.5, -0.587 / 1.402, -0.114 / 1.402],
    ]
)

#: Chroma of a grey pixel when 8-bit pixels are scaled to [0, 1].
NEUTRAL_CHROMA = 128.0 / 255.0


def luma(picture: np.ndarray) -> np.ndarray:
    """Take the luma of a picture, not rounded.

    Args:
        picture: uint8 (H, W, 3) RGB or (H, W, 1) grey.

    Returns:
        float64 (H, W), 0 to 255.
    """
    if picture.shape[-1] == 1:
        return picture[..., 0].astype(np.float64)
    return picture @ RGB_TO_YCBCR[0]
