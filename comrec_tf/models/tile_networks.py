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

__all__ = [
    "TileFunction",
    "conditions_spec",
    "converted",
    "lite_bytes",
    "on_pixels",
    "restoring",
    "shrinking",
]

#: RGB float32 (1, S, T, 3), 0 to 255, and what the network is told (`codecs.condition`), float32
#: (5,) or (1,) if it takes one -> float32 (1, S', T', 4): red, green, blue and luma, clipped to
#: 0 to 255, not rounded.
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

    def shrink(ycbcr: tf.Tensor, conditions: tf.Tensor) -> tf.Tensor:
        log_step = conditions[:1] if com.conditioned else None
        if com.channels == 3:
            return com(ycbcr, log_step=log_step)
        compact, chroma = com(ycbcr[..., :1], log_step=log_step), ycbcr[..., 1:]
        return tf.concat([compact, geometry.halve(chroma) if scale == 2 else chroma], -1)

    return _in_colour(shrink)


def restoring(model: ComRec) -> TileFunction:
    """Make the function of RecCNN behind the upsampling, whose output is scale as high and wide.

    A pair for luma alone only upsamples chroma.

    Args:
        model: the pair.

    Returns:
        The function.
    """
    rec, scale = model.rec, model.scale

    def restore(ycbcr: tf.Tensor, conditions: tf.Tensor) -> tf.Tensor:
        log_step = conditions[:1] if rec.conditioned else None
        tables = conditions[None, 1:] if rec.tables else None
        upsampled = geometry.double(ycbcr) if scale == 2 else ycbcr
        inputs = upsampled if rec.resolution == "full" else ycbcr
        if rec.channels == 3:
            return upsampled + rec(inputs, log_step, tables)
        restored = upsampled[..., :1] + rec(inputs[..., :1], log_step, tables)
        return tf.concat([restored, upsampled[..., 1:]], -1)

    return _in_colour(restore)


def _in_colour(network: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> TileFunction:
    def function(tile: tf.Tensor, conditions: tf.Tensor) -> tf.Tensor:
        ycbcr = tf.nn.conv2d(tile, _FROM_RGB, 1, "VALID") + OFFSET.astype(np.float32)
        result = network(ycbcr, conditions)
        kernel = _TO_RGB.astype(np.float32)[None, None]
        colours = tf.nn.conv2d(tf.cast(result, tf.float32), kernel, 1, "VALID") + _TO_RGB_OFFSET
        return tf.clip_by_value(colours, 0.0, 255.0)

    return function


def on_pixels(function: TileFunction, tile: tf.Tensor, conditions: tf.Tensor) -> tf.Tensor:
    """Apply a tile's function to 8-bit pixels.

    Args:
        function: of `shrinking` or `restoring`.
        tile: uint8 (1, S, T, 1 or 3), grey or RGB, the channels known when tracing.
        conditions: float32 (5,), or (1,) if the network takes one; see `codecs.condition`.

    Returns:
        uint8 (1, S', T', same channels).
    """
    grey = tile.shape[-1] == 1
    pixels = tf.cast(tile, tf.float32)
    result = function(tf.repeat(pixels, 3, -1) if grey else pixels, conditions)
    return tf.cast(tf.round(result[..., 3:] if grey else result[..., :3]), tf.uint8)


def lite_bytes(function: TileFunction, num_conditions: int, *, half: bool) -> bytes:
    """Convert a tile's function to a file that LiteRT runs, for tiles of any size.

    Args:
        function: of `shrinking` or `restoring`.
        num_conditions: how many numbers the network is told.
        half: whether weights are stored in half precision, which changes pixels by a grey level at
            most. ComCNN's should not be: compact files would depend on it.

    Returns:
        The bytes of a .tflite file. Its inputs are "tile" and `conditions_spec`, its output is what
        `TileFunction` says.
    """
    tile = tf.TensorSpec([1, None, None, 3], tf.float32, "tile")
    return converted(function, tile, num_conditions, half=half)


def conditions_spec(num_conditions: int) -> tf.TensorSpec:
    """Say how networks in files take what they are told.

    Args:
        num_conditions: how many numbers, at least 1.

    Returns:
        "log_step", float32 (1,), or "conditions", float32 (5,); see `codecs.condition`.
    """
    return tf.TensorSpec(
        [num_conditions], tf.float32, "log_step" if num_conditions == 1 else "conditions"
    )


def converted(
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    tile: tf.TensorSpec,
    num_conditions: int,
    *,
    half: bool,
) -> bytes:
    """Convert any function of a tile and of what a network is told to a .tflite file.

    Args:
        function: the function.
        tile: its first argument; the second is `conditions_spec`.
        num_conditions: how many numbers the network is told; one that it does not use where none.
        half: as in `lite_bytes`.

    Returns:
        The bytes of the file.
    """
    traced = tf.function(
        function,
        input_signature=[tile, conditions_spec(max(num_conditions, 1))],
        autograph=False,
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced.get_concrete_function()])
    if half:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    with storage.muted():
        return converter.convert()
