"""RGB <-> full-range BT.601 YCbCr, the colours of JPEG (ITU-T T.871, section 7), in NumPy.

The networks see YCbCr (three channels) or luma alone (one channel); files and codecs hold RGB or
grey. `graph.color` has the same conversions as TensorFlow operations, by the matrix defined here.
"""

import numpy as np
import PIL.Image

__all__ = [
    "NEUTRAL_CHROMA",
    "OFFSET",
    "RGB_TO_YCBCR",
    "YCBCR_TO_RGB",
    "luma",
    "rgb_to_ycbcr",
    "rounded_ycbcr",
    "ycbcr_to_rgb",
]

#: Rows Y, Cb, Cr; columns R, G, B (T.871, section 7; Kr = 0.299, Kb = 0.114).
RGB_TO_YCBCR = np.array(
    [
        [0.299, 0.587, 0.114],
        [-0.299 / 1.772, -0.587 / 1.772, 0.5],
        [0.5, -0.587 / 1.402, -0.114 / 1.402],
    ]
)
#: Rows R, G, B; columns Y, Cb, Cr.
YCBCR_TO_RGB = np.linalg.inv(RGB_TO_YCBCR)

#: Chroma of a grey pixel when 8-bit pixels are scaled to [0, 1].
NEUTRAL_CHROMA = 128.0 / 255.0
#: What is added to Y, Cb and Cr after the matrix.
OFFSET = np.array([0.0, NEUTRAL_CHROMA, NEUTRAL_CHROMA])


def rgb_to_ycbcr(rgb: np.ndarray) -> np.ndarray:
    """Convert RGB to YCbCr.

    Args:
        rgb: float (..., 3), in [0, 1].

    Returns:
        float (..., 3) of the same dtype; luma in [0, 1], chroma around `NEUTRAL_CHROMA`.
    """
    return rgb @ RGB_TO_YCBCR.T.astype(rgb.dtype) + OFFSET.astype(rgb.dtype)


def ycbcr_to_rgb(ycbcr: np.ndarray) -> np.ndarray:
    """Invert `rgb_to_ycbcr`; not clipped, so values may leave [0, 1].

    Args:
        ycbcr: float (..., 3).

    Returns:
        float (..., 3) of the same dtype.
    """
    return (ycbcr - OFFSET.astype(ycbcr.dtype)) @ YCBCR_TO_RGB.T.astype(ycbcr.dtype)


def rounded_ycbcr(rgb: np.ndarray) -> np.ndarray:
    """Convert 8-bit RGB to 8-bit YCbCr, rounded to the nearest as libjpeg does.

    Pillow's own conversion cuts fractions off, which makes all three half a grey level too small.

    Args:
        rgb: uint8 (H, W, 3).

    Returns:
        uint8 (H, W, 3).
    """
    rows = np.column_stack([RGB_TO_YCBCR, 255.0 * OFFSET])
    return np.array(PIL.Image.fromarray(rgb).convert("RGB", tuple(rows.flat)))


def luma(picture: np.ndarray) -> np.ndarray:
    """Take the luma of 8-bit pixels, not rounded.

    Args:
        picture: uint8 (H, W, 3) RGB or (H, W, 1) grey; or float from 0 to 255.

    Returns:
        float64 (H, W), 0 to 255.
    """
    if picture.shape[-1] == 1:
        return picture[..., 0].astype(np.float64)
    return picture @ RGB_TO_YCBCR[0]
