"""The networks on tiles of 8-bit pixels: with colours, doubling and clipping around them.

This one form is used wherever whole pictures are coded: in exported graphs, by the engine
"tensorflow", and, as a file for LiteRT, by the engine "litert".
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from comrec_tf.graph import geometry
from comrec_tf.images.color import OFFSET, RGB_TO_YCBCR, YCBCR_TO_RGB
from comrec_tf.models.com_rec import ComRec
from comrec_tf.process import storage

__all__ = ["TileFunction", "converted", "lite_bytes", "on_pixels", "restoring", "shrinking"]

#: RGB float32 (1, S, T, 3), 0 to 255, and log_step float32 (1,) -> float32 (1, S', T', 4): red,
#: green, blue and luma, clipped to 0 to 255, not rounded.
TileFunction = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

_FROM_RGB = (RGB_TO_YCBCR.T / 255.0).astype(np.float32)[None, None]
# Luma besides the colours: for a grey picture it is the result, whatever chroma the network made.
_TO_RGB = 255.0 * np.concatenate([YCBCR_TO_RGB.T, np.eye(3)[:, :1]], 1)
_TO_RGB_OFFSET = (-OFFSET @ _TO_RGB).astype(np.float32)


def shrinking(model: ComRec) -> TileFunction:
    """Make the function of ComCNN, whose output is 1 / scale as high and wide.

    A pair for luma alone shrinks chroma by bicubic interpolation.

    Args:
        model: the pair.

    Returns:
        The function.
    """
    com, scale = model.com, model.scale

    def shrink(ycbcr: tf.Tensor, log_step: tf.Tensor | None) -> tf.Tensor:
        if com.channels == 3:
            return com(ycbcr, log_step=log_step)
        compact, chroma = com(ycbcr[..., :1], log_step=log_step), ycbcr[..., 1:]
        return tf.concat([compact, geometry.halve(chroma) if scale == 2 else chroma], -1)

    return _in_colour(shrink, conditioned=com.conditioned)


def restoring(model: ComRec) -> TileFunction:
    """Make the function of RecCNN behind the upsampling, whose output is scale as high and wide.

    A pair for luma alone only upsamples chroma.

    Args:
        model: the pair.

    Returns:
        The function.
    """
    rec, scale = model.rec, model.scale

    def restore(ycbcr: tf.Tensor, log_step: tf.Tensor | None) -> tf.Tensor:
        upsampled = geometry.double(ycbcr) if scale == 2 else ycbcr
        inputs = upsampled if rec.resolution == "full" else ycbcr
        if rec.channels == 3:
            return upsampled + rec(inputs, log_step=log_step)
        restored = upsampled[..., :1] + rec(inputs[..., :1], log_step=log_step)
        return tf.concat([restored, upsampled[..., 1:]], -1)

    return _in_colour(restore, conditioned=rec.conditioned)


def _in_colour(
    network: Callable[[tf.Tensor, tf.Tensor | None], tf.Tensor], *, conditioned: bool
) -> TileFunction:
    def function(tile: tf.Tensor, log_step: tf.Tensor) -> tf.Tensor:
        ycbcr = tf.nn.conv2d(tile, _FROM_RGB, 1, "VALID") + OFFSET.astype(np.float32)
        result = network(ycbcr, log_step if conditioned else None)
        kernel = _TO_RGB.astype(np.float32)[None, None]
        colours = tf.nn.conv2d(tf.cast(result, tf.float32), kernel, 1, "VALID") + _TO_RGB_OFFSET
        return tf.clip_by_value(colours, 0.0, 255.0)

    return function


def on_pixels(function: TileFunction, tile: tf.Tensor, log_step: tf.Tensor) -> tf.Tensor:
    """Apply a tile's function to 8-bit pixels.

    Args:
        function: of `shrinking` or `restoring`.
        tile: uint8 (1, S, T, 1 or 3), grey or RGB, the channels known when tracing.
        log_step: float32 (1,).

    Returns:
        uint8 (1, S', T', same channels).
    """
    grey = tile.shape[-1] == 1
    pixels = tf.cast(tile, tf.float32)
    result = function(tf.repeat(pixels, 3, -1) if grey else pixels, log_step)
    return tf.cast(tf.round(result[..., 3:] if grey else result[..., :3]), tf.uint8)


def lite_bytes(function: TileFunction, *, half: bool) -> bytes:
    """Convert a tile's function to a file that LiteRT runs, for tiles of any size.

    Args:
        function: of `shrinking` or `restoring`.
        half: whether weights are stored in half precision, which changes pixels by a grey level at
            most. ComCNN's should not be: compact files would depend on it.

    Returns:
        The bytes of a .tflite file. Its inputs are "tile" and "log_step", its output is what
        `TileFunction` says.
    """
    return converted(function, tf.TensorSpec([1, None, None, 3], tf.float32, "tile"), half=half)


def converted(
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], tile: tf.TensorSpec, *, half: bool
) -> bytes:
    """Convert any function of a tile and a step to a .tflite file.

    Args:
        function: the function.
        tile: its first argument; the second is "log_step", float32 (1,).
        half: as in `lite_bytes`.

    Returns:
        The bytes of the file.
    """
    traced = tf.function(
        function,
        input_signature=[tile, tf.TensorSpec([1], tf.float32, "log_step")],
        autograph=False,
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced.get_concrete_function()])
    if half:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    with storage.muted():
        return converter.convert()
