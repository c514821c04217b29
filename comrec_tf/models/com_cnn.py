"""ComCNN: a picture becomes a compact picture (Jiang et al. 2017, section III-B)."""

from typing import Any

import keras
import numpy as np

from comrec_tf.graph import geometry
from comrec_tf.models import conditioning

__all__ = ["ComCNN"]


@keras.saving.register_keras_serializable(package="comrec_tf")
class ComCNN(keras.Model):
    """The compact-representation network: three 3x3 convolutions.

    ::

        pictures (N, H, W, C) -> conv + ReLU -> conv, stride = scale, + ReLU -> conv
                              -> compact (N, H / scale, W / scale, C)

    With one channel and 64 filters it has the 38,145 weights of the paper's network.

    The weights start as the paper's (He et al. 2015), with one exception: one path through the
    three layers starts as the mean over `scale` x `scale` pixels, and only that path reaches the
    output. So training begins with a plain smaller picture, which a codec can code, and not with
    noise around zero, most of which clipping to 8 bits would erase.

    With ``skip=True`` (beyond the paper) the network computes what to add to the antialiased
    bicubic picture, or to the picture itself at scale 1, and its last layer starts at zero.

    Args:
        scale: how many times smaller the compact picture is in each direction, 1 or 2.
        channels: 3 for full-range YCbCr, 1 for luma.
        filters: feature maps of the two hidden layers, at least `channels`.
        conditioned: whether the network also receives the codec's quality.
        skip: whether the output is added to the bicubic picture.

    Raises:
        ValueError: an argument is outside the range above.
    """

    built: bool  # set by Keras

    def __init__(
        self,
        scale: int = 2,
        channels: int = 3,
        filters: int = 64,
        conditioned: bool = False,
        skip: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if scale not in (1, 2):
            raise ValueError(f"scale must be 1 or 2. Received: scale={scale}")
        if channels not in (1, 3):
            raise ValueError(f"channels must be 1 or 3. Received: channels={channels}")
        if filters < channels:
            raise ValueError(
                f"filters must be at least channels={channels}. Received: filters={filters}"
            )
        self.scale = scale
        self.channels = channels
        self.filters = filters
        self.conditioned = conditioned
        self.skip = skip
        hidden = "he_normal" if skip else PassThrough(channels)
        strided = "he_normal" if skip else PassThrough(channels, mean=scale)
        last = "zeros" if skip else PassThrough(channels, alone=True)
        self.features = keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=hidden,
            name="features",
            dtype=self.dtype_policy,
        )
        self.shrink = keras.layers.Conv2D(
            filters,
            3,
            strides=scale,
            padding="same",
            activation="relu",
            kernel_initializer=strided,
            name="shrink",
            dtype=self.dtype_policy,
        )
        self.compact = keras.layers.Conv2D(
            channels,
            3,
            padding="same",
            kernel_initializer=last,
            name="compact",
            dtype="float32",
        )
        self.build()

    @property
    def num_conditions(self) -> int:
        """How many numbers the network is told: the first so many of `codecs.condition`."""
        return int(self.conditioned)

    @property
    def receptive_radius(self) -> int:
        """How many pixels of its input around a pixel an output pixel depends on, at most."""
        return 2 + self.scale

    def build(self, input_shape: Any = None) -> None:
        """Create the weights; their shapes follow from the arguments alone."""
        if not self.built:
            inputs = self.channels + self.conditioned
            self.features.build((None, None, None, inputs))
            self.shrink.build((None, None, None, self.filters))
            self.compact.build((None, None, None, self.filters))
            self.built = True

    def call(self, pictures: Any, log_step: Any = None) -> Any:
        """Compute compact pictures.

        Args:
            pictures: float (N, H, W, channels) in [0, 1]; H and W multiples of `scale`.
            log_step: float (N,), `graph.codecs.log_step` of the quality; only if `conditioned`.

        Returns:
            float32 (N, H / scale, W / scale, channels), nominally in [0, 1], not clipped.

        Raises:
            ValueError: `log_step` is missing and `conditioned`, or given and not.
        """
        x = conditioning.append_planes(pictures, log_step, conditioned=self.conditioned)
        compact = self.compact(self.shrink(self.features(x)))
        if self.skip:
            compact += geometry.downsample(keras.ops.cast(pictures, "float32"), self.scale)
        return compact

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, for saving."""
        return {
            **super().get_config(),
            "scale": self.scale,
            "channels": self.channels,
            "filters": self.filters,
            "conditioned": self.conditioned,
            "skip": self.skip,
        }


@keras.saving.register_keras_serializable(package="comrec_tf")
class PassThrough(keras.initializers.Initializer):
    """He-normal weights with one path that passes the first channels on unchanged.

    Args:
        channels: how many channels are passed on.
        mean: 2 for the mean over 2x2 pixels, 1 for the pixel itself.
        alone: whether all weights but those of the path are zero.
    """

    def __init__(self, channels: int, mean: int = 1, alone: bool = False) -> None:
        self.channels = channels
        self.mean = mean
        self.alone = alone

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        kernel = np.zeros(shape, np.float32)
        if not self.alone:
            kernel[...] = keras.initializers.HeNormal()(shape)
        kernel[..., : self.channels] = 0.0
        # Stride 2 with "same" padding reads rows 2i, 2i+1, 2i+2 of an even-sized picture: the
        # mean of the first two is centred where bicubic upsampling will put the pixel.
        window = slice(0, 2) if self.mean == 2 else slice(1, 2)
        for channel in range(self.channels):
            kernel[window, window, channel, channel] = 1.0 / self.mean**2
        return keras.ops.convert_to_tensor(kernel, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, for saving."""
        return {"channels": self.channels, "mean": self.mean, "alone": self.alone}
