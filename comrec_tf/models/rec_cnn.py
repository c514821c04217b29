"""RecCNN: the residual that brings the original back (Jiang et al. 2017, section III-C)."""

from typing import Any

import keras
import tensorflow as tf

from comrec_tf.codecs import condition
from comrec_tf.graph import geometry
from comrec_tf.models import conditioning

__all__ = ["RecCNN"]

#: Defaults by resolution: the paper's network, and about 232 thousand weights at half size.
_DEPTH = {"full": 20, "compact": 18}
_FILTERS = {"full": 64, "compact": 40}


@keras.saving.register_keras_serializable(package="comrec_tf")
class RecCNN(keras.Model):
    """The reconstruction network; its output is added to the upsampled decoded picture.

    ``resolution="full"`` is the paper's network. It reads the upsampled picture::

        upsampled (N, H, W, C) -> conv + ReLU -> (depth - 2) x [conv + batch norm + ReLU]
                               -> conv -> residual (N, H, W, C)

    With one channel it has the paper's 668,225 trainable weights.

    ``resolution="compact"`` does the same job on a grid of half the height and width, where
    each convolution costs a quarter. It reads the decoded picture itself: at scale 2 that
    has the size already; at scale 1 each 2x2 block of pixels becomes channels first
    (space to depth), so that the cost per output pixel is the same::

        decoded -> [space to depth] -> conv + ReLU -> (depth - 2) / 2 residual blocks
                -> conv -> depth to space -> residual (N, H, W, C)

    A residual block is ``x + conv(ReLU(conv(x)))``; there is no batch norm.

    Weights start as in He et al. 2015, except those of the last layer, which start at zero:
    training starts at plain bicubic upsampling. Residual blocks start as the identity.

    Args:
        depth: number of convolutions; 20 for "full", 18 for "compact" if None. Even for "compact".
        filters: feature maps; 64 for "full", 40 for "compact" if None.
        channels: 3 for full-range YCbCr, 1 for luma.
        batch_norm: for "full", True if None. "compact" has none.
        resolution: "full" or "compact".
        scale: how many times smaller the compact picture is, 1 or 2.
        conditioned: whether the network also receives the codec's quality.
        tables: whether it also receives what JPEG's tables say; see `codecs.condition`. Needs
            `conditioned`.

    Raises:
        ValueError: an argument is outside the range above.
    """

    built: bool  # set by Keras

    def __init__(
        self,
        depth: int | None = None,
        filters: int | None = None,
        channels: int = 3,
        batch_norm: bool | None = None,
        resolution: str = "full",
        scale: int = 2,
        conditioned: bool = False,
        tables: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if resolution not in _DEPTH:
            raise ValueError(
                f'resolution must be "full" or "compact". Received: resolution={resolution!r}'
            )
        compact = resolution == "compact"
        self.depth = _DEPTH[resolution] if depth is None else depth
        self.filters = _FILTERS[resolution] if filters is None else filters
        self.batch_norm = not compact if batch_norm is None else batch_norm
        if channels not in (1, 3):
            raise ValueError(f"channels must be 1 or 3. Received: channels={channels}")
        if scale not in (1, 2):
            raise ValueError(f"scale must be 1 or 2. Received: scale={scale}")
        if self.depth < 2 or (compact and self.depth % 2):
            raise ValueError(
                'depth must be at least 2, and even for resolution="compact". '
                f"Received: depth={self.depth}"
            )
        if self.filters < 1:
            raise ValueError(f"filters must be at least 1. Received: filters={self.filters}")
        if compact and self.batch_norm:
            raise ValueError('resolution="compact" has no batch norm. Received: batch_norm=True')
        if tables and not conditioned:
            raise ValueError(
                f"tables=True needs conditioned=True. Received: conditioned={conditioned}"
            )
        self.channels = channels
        self.resolution = resolution
        self.scale = scale
        self.conditioned = conditioned
        self.tables = tables

        self.head = self._convolution(self.filters, "head", activation="relu")
        self.body = [
            self._convolution(
                self.filters,
                f"body_{index}",
                # In "compact" the first convolution of each residual block has the ReLU, and the
                # second starts at zero: otherwise features would double with each block.
                activation="relu" if compact and index % 2 == 0 else None,
                initializer="zeros" if compact and index % 2 == 1 else "he_normal",
            )
            for index in range(self.depth - 2)
        ]
        # Training takes batch statistics of many small patches: a short memory and a small
        # epsilon (activations of pixels in [0, 1] are small) follow them closely.
        self.norms = [
            keras.layers.BatchNormalization(
                momentum=0.9, epsilon=1e-5, name=f"norm_{index}", dtype=self.dtype_policy
            )
            for index in range(self.depth - 2 if self.batch_norm else 0)
        ]
        self.residual = keras.layers.Conv2D(
            channels * (4 if compact else 1),
            3,
            padding="same",
            kernel_initializer="zeros",
            name="residual",
            dtype="float32",
        )
        self.build()

    def _convolution(
        self, filters: int, name: str, activation: str | None, initializer: str = "he_normal"
    ) -> keras.Layer:
        return keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            activation=activation,
            kernel_initializer=initializer,
            name=name,
            dtype=self.dtype_policy,
        )

    @property
    def space_to_depth(self) -> bool:
        """Whether 2x2 blocks of the input become channels first."""
        return self.resolution == "compact" and self.scale == 1

    @property
    def num_conditions(self) -> int:
        """How many numbers the network is told: the first so many of `codecs.condition`."""
        return condition.COUNT if self.tables else int(self.conditioned)

    @property
    def input_multiple(self) -> int:
        """Height and width of the input must be multiples of this."""
        return 2 if self.space_to_depth else 1

    @property
    def receptive_radius(self) -> int:
        """How many pixels of the decoded picture around a pixel a reconstruction depends on."""
        bicubic = 2 if self.scale == 2 else 0
        if self.resolution == "full":
            return -(-self.depth // self.scale) + bicubic
        # The pixels of a 2x2 block see each other's surroundings.
        return 2 * self.depth + 1 if self.space_to_depth else max(self.depth, bicubic)

    def build(self, input_shape: Any = None) -> None:
        """Create the weights; their shapes follow from the arguments alone."""
        if not self.built:
            inputs = self.channels * (4 if self.space_to_depth else 1) + self.num_conditions
            self.head.build((None, None, None, inputs))
            for layer in [*self.body, *self.norms, self.residual]:
                layer.build((None, None, None, self.filters))
            self.built = True

    def call(
        self, pictures: Any, log_step: Any = None, tables: Any = None, training: bool = False
    ) -> Any:
        """Compute residuals.

        Args:
            pictures: float in [0, 1]. "full": upsampled pictures (N, H, W, channels).
                "compact": decoded pictures (N, H / scale, W / scale, channels), both sizes
                multiples of `input_multiple`.
            log_step: float (N,), `graph.codecs.log_step` of the quality; only if `conditioned`.
            tables: float (N, 4), `graph.codecs.tables` of the quality; only if `self.tables`.
            training: whether batch norm takes the batch's statistics and updates its own.

        Returns:
            float32 (N, H, W, channels), the residual to add to the upsampled pictures.

        Raises:
            ValueError: `log_step` or `tables` is missing and taken, or given and not.
        """
        x = tf.nn.space_to_depth(pictures, 2) if self.space_to_depth else pictures
        x = conditioning.append_planes(
            x, log_step, tables, conditioned=self.conditioned, of_tables=self.tables
        )
        x = self.head(x)
        if self.resolution == "full":
            for index, convolution in enumerate(self.body):
                x = convolution(x)
                if self.batch_norm:
                    x = self.norms[index](x, training=training)
                x = keras.ops.relu(x)
            return self.residual(x)
        for first, second in zip(self.body[::2], self.body[1::2], strict=True):
            x = x + second(first(x))
        return tf.nn.depth_to_space(self.residual(x), 2)

    def upsampled_and_residual(
        self, decoded: Any, log_step: Any = None, tables: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """Upsample decoded pictures and compute the residuals to add to them.

        Args:
            decoded: float32 (N, h, w, channels) in [0, 1], multiples of `input_multiple`.
            log_step, tables, training: as in `call`.

        Returns:
            Two float32 (N, h * scale, w * scale, channels): upsampled pictures and residuals.
        """
        upsampled = geometry.upsample(decoded, self.scale)
        inputs = upsampled if self.resolution == "full" else decoded
        return upsampled, self(inputs, log_step=log_step, tables=tables, training=training)

    def reconstruct(self, decoded: Any, log_step: Any = None, tables: Any = None) -> Any:
        """Upsample decoded pictures and add the residuals (Re of the paper's equations).

        Args:
            decoded: as in `upsampled_and_residual`.
            log_step, tables: as in `call`.

        Returns:
            float32 (N, h * scale, w * scale, channels), not clipped.
        """
        upsampled, residual = self.upsampled_and_residual(decoded, log_step, tables)
        return upsampled + residual

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, for saving."""
        return {
            **super().get_config(),
            "depth": self.depth,
            "filters": self.filters,
            "channels": self.channels,
            "batch_norm": self.batch_norm,
            "resolution": self.resolution,
            "scale": self.scale,
            "conditioned": self.conditioned,
            "tables": self.tables,
        }
