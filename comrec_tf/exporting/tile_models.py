"""RecCNN as a LiteRT model (.tflite) that turns a decoded RGB tile into a restored one.

The model computes what `PictureCoder.reconstruct` computes on a tile, in another form:

- It works in RGB and in grey levels. The conversion to YCbCr is linear, so it is folded into the
  first layer's weights, and the conversion back into the last layer's. The networks are positively
  homogeneous (convolutions, ReLU, sums), so pixels of 0 to 255 need no division if the biases are
  multiplied.
- The constant planes that tell the network of the coding become a bias that depends on it.
- Convolutions have no padding, so each layer computes less of the halo, and none of it is left at
the
  end: that saves nearly a fifth of the work for tiles of 256 pixels.
- Bicubic doubling, for which there is no LiteRT kernel, is a convolution along each axis that makes
  both phases, and a depth-to-space. Its weights are multiples of 1/128, exact in float16.

Only operations remain that XNNPACK and the runtimes on GPUs know: convolution, sum, ReLU, slice,
space-to-depth, depth-to-space.
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from comrec_tf.graph import color
from comrec_tf.models import tile_networks
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.process import storage

__all__ = ["TileShape", "tile_model_bytes", "tile_shape"]

#: The largest pixel; a network that was trained on [0, 1] is scaled by it.
_WHITE = 255.0
#: Keys' kernel (a = -0.5) a quarter of a pixel before and behind a pixel's centre; taps -2 to 2.
_PHASES = np.array([[-3, 29, 111, -9, 0], [0, -9, 111, 29, -3]]) / 128.0
_DOUBLING_RADIUS = 2
#: Positions of 2x2 pixels, which depth-to-space takes as channels, before the colours.
_POSITIONS = 4


@dataclasses.dataclass(frozen=True)
class TileShape:
    """Sizes of a tile model, in pixels.

    Attributes:
        side: height and width of the restored tile.
        scale: how many times smaller the decoded picture is.
        halo: pixels of the decoded picture that the model reads around the tile on each side;
            none of them are in its output.
    """

    side: int
    scale: int
    halo: int

    @property
    def input_side(self) -> int:
        """Height and width of what the model reads."""
        return self.side // self.scale + 2 * self.halo


def tile_shape(model: ComRec, side: int) -> TileShape:
    """Compute the sizes of a pair's tile model.

    Args:
        model: the pair.
        side: height and width of the restored tile, a positive multiple of `input_multiple`.

    Returns:
        The sizes.

    Raises:
        ValueError: `side` is not such a multiple.
    """
    if side < 1 or side % model.input_multiple:
        raise ValueError(
            f"expected a side that is a multiple of {model.input_multiple}. Received: side={side}"
        )
    rec = model.rec
    if rec.resolution == "full":
        halo = math.ceil(rec.depth / rec.scale)
        halo += _DOUBLING_RADIUS if rec.scale == 2 else 0
    else:
        halo = rec.depth * (2 if rec.space_to_depth else 1)
        halo = max(halo, _DOUBLING_RADIUS if rec.scale == 2 else 0)
    return TileShape(side, rec.scale, halo)


def tile_model_bytes(model: ComRec, side: int, *, float16: bool = True) -> bytes:
    """Convert a pair's RecCNN, with upsampling and colours around it, for tiles of one size.

    The model's inputs are ``tile``, float32 (1, S, S, 3), RGB of the decoded picture in grey levels
    (0 to 255, a grey picture three times), S being `TileShape.input_side`; and, if the pair is
    conditioned, ``log_step``, float32 (1,), the natural logarithm of the quantiser step over 16, or
    ``conditions``, float32 (5,), where RecCNN is told the tables too; see `codecs.condition`.
    Its output is float32 (1, side, side, 3), restored RGB in grey levels, neither rounded nor
    clipped: the caller does both. (For a grey picture, the luma must be computed before that,
    0.299 R + 0.587 G + 0.114 B, since clipping would change it.)

    Args:
        model: the pair.
        side: height and width of the restored tile.
        float16: whether weights are stored as float16, which halves the file; the runtime decides
            how it computes, in float32 on CPUs.

    Returns:
        The .tflite file.

    Raises:
        ValueError: `side` does not fit the pair.
    """
    shape = tile_shape(model, side)
    signature = [tf.TensorSpec([1, shape.input_side, shape.input_side, 3], tf.float32, name="tile")]
    if model.rec.conditioned:
        signature.append(tile_networks.conditions_spec(model.rec.num_conditions))
    function = tf.function(_TileNetwork(model.rec, side), input_signature=signature)
    # The module keeps alive what the function uses, which is constants alone.
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], tf.Module()
    )
    if float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    with storage.muted():  # it warns of options that nobody has set
        return bytes(converter.convert())


class _TileNetwork:
    """RecCNN on RGB tiles in grey levels, its weights folded as the module describes."""

    def __init__(self, rec: RecCNN, side: int) -> None:
        self.rec = rec
        self.side = side
        self.per_position = _POSITIONS if rec.space_to_depth else 1
        to_network = color.RGB_TO_YCBCR[: rec.channels]
        offset = np.array([0.0, color.NEUTRAL_CHROMA, color.NEUTRAL_CHROMA])[: rec.channels]
        # Luma alone changes all three colours alike.
        from_network = np.linalg.inv(color.RGB_TO_YCBCR)[:, : rec.channels]

        kernel, bias = _weights(rec.head)
        num_inputs = rec.channels * self.per_position
        of_pixels = kernel[:, :, :num_inputs].reshape(3, 3, self.per_position, rec.channels, -1)
        self.head_kernel = _merge(np.einsum("yxpcf,cr->yxprf", of_pixels, to_network))
        self.head_bias = _WHITE * (bias + np.einsum("yxpcf,c->f", of_pixels, offset))
        self.condition_bias = _WHITE * kernel[:, :, num_inputs:].sum((0, 1))

        self.body = [_weights(layer) for layer in rec.body]
        for index, norm in enumerate(rec.norms):
            kernel, bias = self.body[index]
            mean, variance = (np.array(v) for v in (norm.moving_mean, norm.moving_variance))
            gain = np.array(norm.gamma) / np.sqrt(variance + norm.epsilon)
            self.body[index] = kernel * gain, (bias - mean) * gain + np.array(norm.beta)

        kernel, bias = _weights(rec.residual)
        split = kernel.reshape(3, 3, rec.filters, -1, rec.channels)
        self.residual_kernel = _merge(np.einsum("yxfpc,rc->yxfpr", split, from_network), axis=3)
        self.residual_bias = _WHITE * (bias.reshape(-1, rec.channels) @ from_network.T).reshape(-1)

    def __call__(self, tile: tf.Tensor, conditions: tf.Tensor | None = None) -> tf.Tensor:
        rec = self.rec
        if rec.resolution == "full":
            pixels = tf.nn.depth_to_space(_double(tile), 2) if rec.scale == 2 else tile
            residual = self._residual(pixels, conditions)
            return _centre(_centre(pixels, residual.shape[1]) + residual, self.side)
        if rec.scale == 2:
            pixels, upsampled = tile, _double(tile)
        else:
            pixels = upsampled = tf.nn.space_to_depth(tile, 2)
        # Both still have four positions of 2x2 as channels.
        blocks = self.side // 2
        residual = _centre(self._residual(pixels, conditions), blocks)
        return tf.nn.depth_to_space(_centre(upsampled, blocks) + residual, 2)

    def _residual(self, pixels: tf.Tensor, conditions: tf.Tensor | None) -> tf.Tensor:
        bias = tf.constant(self.head_bias, tf.float32)
        if conditions is not None:
            # A sum of products, since runtimes on GPUs know no product of matrices.
            for index, of_one in enumerate(self.condition_bias):
                value = tf.reshape(conditions[index : index + 1], [1, 1, 1, 1])
                bias = value * tf.constant(of_one.reshape(1, 1, 1, -1), tf.float32) + bias
        x = tf.nn.relu(_convolve(pixels, self.head_kernel) + bias)
        body = [(kernel, _WHITE * bias) for kernel, bias in self.body]
        if self.rec.resolution == "full":
            for kernel, bias in body:
                x = tf.nn.relu(_convolve(x, kernel, bias))
        else:
            for first, second in zip(body[::2], body[1::2], strict=True):
                inner = _convolve(tf.nn.relu(_convolve(x, *first)), *second)
                x = _centre(x, inner.shape[1]) + inner
        return _convolve(x, self.residual_kernel, self.residual_bias)


def _weights(layer: object) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias, as float64 so that folding does not round."""
    kernel, bias = layer.kernel, layer.bias  # type: ignore[attr-defined]
    return np.array(kernel, np.float64), np.array(bias, np.float64)


def _merge(kernel: np.ndarray, axis: int = 2) -> np.ndarray:
    """Put positions and colours into one dimension, in the order of depth-to-space."""
    shape = kernel.shape
    return kernel.reshape(*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :])


def _convolve(x: tf.Tensor, kernel: np.ndarray, bias: np.ndarray | None = None) -> tf.Tensor:
    x = tf.nn.conv2d(x, tf.constant(kernel, tf.float32), 1, "VALID")
    return x if bias is None else tf.nn.bias_add(x, tf.constant(bias, tf.float32))


def _double(tile: tf.Tensor) -> tf.Tensor:
    """Bicubic doubling, less two pixels on each side; the four positions of 2x2 as channels."""
    down = np.einsum("at,cd->tcad", _PHASES, np.eye(3)).reshape(5, 1, 3, 6)
    across = np.einsum("bt,ae,cd->tacebd", _PHASES, np.eye(2), np.eye(3)).reshape(1, 5, 6, 12)
    return _convolve(_convolve(tile, down), across)


def _centre(x: tf.Tensor, side: int) -> tf.Tensor:
    margin = (x.shape[1] - side) // 2
    return x if margin == 0 else x[:, margin : margin + side, margin : margin + side]
