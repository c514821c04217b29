"""ComRec: the pair of networks around a codec, and how one training step changes it."""

from typing import Any

import keras
import tensorflow as tf

from comrec_tf.codecs import base, catalog
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.graph import codecs
from comrec_tf.models import losses
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.rec_cnn import RecCNN

__all__ = ["OBJECTIVES", "ComRec"]

#: What each objective reports as running means.
_REPORTED = {
    "alternate": ("rec_loss", "com_loss", "psnr"),
    "joint": ("joint_loss", "bits_per_pixel", "psnr"),
}
OBJECTIVES = tuple(_REPORTED)
_MAX_PSNR = 100.0


@keras.saving.register_keras_serializable(package="comrec_tf")
class ComRec(keras.Model):
    """ComCNN, a codec and RecCNN (Jiang et al. 2017, figure 1).

    ::

        pictures -> com -> compact -> [codec] -> decoded -> upsample + rec -> reconstructions

    The codec is not part of the model's own call: it runs in the input pipeline when training
    (`comrec_tf.training_dataset`) and in `comrec_tf.Compressor` when used.

    `fit` takes a dataset of dictionaries:

    - ``"pictures"``: float32 (N, H, W, C) in [0, 1], the originals,
    - ``"quality"``: int32 (N,), the codec's quality for each,
    - ``"decoded"``: float32 (N, H / scale, W / scale, C), what the codec made of their compact
      pictures; not needed by ``objective="joint"``.

    Args:
        com: the network before the codec.
        rec: the network behind it, of the same channels, scale and conditioning.
        codec: the codec; `JpegCodec()` if None.

    Raises:
        ValueError: the networks do not fit each other.
        RuntimeError: Keras runs on another backend than TensorFlow.
    """

    def __init__(
        self, com: ComCNN, rec: RecCNN, codec: base.Codec | None = None, **kwargs: Any
    ) -> None:
        if keras.backend.backend() != "tensorflow":
            raise RuntimeError(
                "comrec_tf needs Keras on TensorFlow; set KERAS_BACKEND=tensorflow. "
                f"Received: {keras.backend.backend()}"
            )
        super().__init__(**kwargs)
        for name in ("channels", "scale", "conditioned"):
            if getattr(com, name) != getattr(rec, name):
                raise ValueError(
                    f"ComCNN and RecCNN must have the same {name}. "
                    f"Received: {getattr(com, name)} and {getattr(rec, name)}"
                )
        self.com = com
        self.rec = rec
        self.codec = JpegCodec() if codec is None else codec
        self.com_optimizer: Any = None
        self.rec_optimizer: Any = None
        self.objective = "alternate"
        self.rate_weight = 0.1
        self._trackers = {
            name: keras.metrics.Mean(name=name) for names in _REPORTED.values() for name in names
        }
        self.built = True

    @property
    def channels(self) -> int:
        """Channels of the pictures, 3 (YCbCr) or 1 (luma)."""
        return self.com.channels

    @property
    def scale(self) -> int:
        """How many times smaller the compact picture is in each direction."""
        return self.com.scale

    @property
    def _num_replicas(self) -> int:
        """Gradients are summed over replicas, losses are means over a replica's examples."""
        return self.distribute_strategy.num_replicas_in_sync

    @property
    def input_multiple(self) -> int:
        """Height and width of the originals must be multiples of this."""
        return self.scale * self.rec.input_multiple

    def log_step(self, quality: Any) -> tf.Tensor | None:
        """What the networks are told of a quality.

        Args:
            quality: int32 (N,).

        Returns:
            float32 (N,), or None if the networks are not conditioned.
        """
        return codecs.log_step(self.codec, quality) if self.com.conditioned else None

    def shrink(self, pictures: Any, quality: Any) -> tf.Tensor:
        """Compute compact pictures, Cr(theta1, x).

        Args:
            pictures: float32 (N, H, W, channels) in [0, 1], multiples of `input_multiple`.
            quality: int32 (N,).

        Returns:
            float32 (N, H / scale, W / scale, channels), not clipped.
        """
        return self.com(pictures, log_step=self.log_step(quality))

    def reconstruct(self, decoded: Any, quality: Any) -> tf.Tensor:
        """Compute reconstructions, Re(theta2, .).

        Args:
            decoded: float32 (N, h, w, channels) in [0, 1], multiples of `rec.input_multiple`.
            quality: int32 (N,).

        Returns:
            float32 (N, h * scale, w * scale, channels), not clipped.
        """
        return self.rec.reconstruct(decoded, log_step=self.log_step(quality))

    def call(self, pictures: Any, quality: Any = None, training: bool = False) -> tf.Tensor:
        """Compute Re(theta2, Cr(theta1, x)): both networks, the codec left out.

        Args:
            pictures: as in `shrink`.
            quality: int32 (N,); 50 for all if None.
            training: without effect; both networks compute as when used.

        Returns:
            float32 of the same shape as `pictures`, not clipped.
        """
        if quality is None:
            quality = tf.fill(tf.shape(pictures)[:1], 50)
        return self.reconstruct(self.shrink(pictures, quality), quality)

    def compile(
        self,
        com_optimizer: Any = "adam",
        rec_optimizer: Any = "adam",
        objective: str = "alternate",
        rate_weight: float = 0.1,
        **kwargs: Any,
    ) -> None:
        """Configure training.

        Args:
            com_optimizer: ComCNN's optimizer, or its name or configuration. Under the policy
                "mixed_float16" it is wrapped for loss scaling.
            rec_optimizer: RecCNN's, likewise.
            objective: "alternate" for the paper's two losses in turn; "joint" for distortion plus
                rate of both networks at once, through the codec's differentiable stand-in.
            rate_weight: weight of the rate in "joint", over the squared quantiser step; see
                `losses.joint_loss`. A smaller one makes ComCNN sharpen until it wastes bits.
            **kwargs: `run_eagerly`, `jit_compile`, `steps_per_execution` of `keras.Model.compile`.

        Raises:
            ValueError: both optimizers are the same object, the objective is unknown or not to be
                had with the model's codec, or `optimizer`, `loss` or `metrics` is given, which the
                objectives leave no place for.
        """
        for name in ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"):
            if kwargs.get(name) is not None:
                raise ValueError(
                    "ComRec brings its own losses and metrics and takes com_optimizer and "
                    f"rec_optimizer. Received: {name}={kwargs[name]!r}"
                )
        if objective not in OBJECTIVES:
            raise ValueError(f"objective must be one of {OBJECTIVES}. Received: {objective!r}")
        self._differentiable: Any = (
            codecs.differentiable(self.codec) if objective == "joint" else None
        )
        self.objective = objective
        self.rate_weight = rate_weight
        super().compile(optimizer=None, **kwargs)
        self.com_optimizer = self._prepare(com_optimizer, self.com)
        self.rec_optimizer = self._prepare(rec_optimizer, self.rec)
        if self.com_optimizer is self.rec_optimizer:
            raise ValueError(
                "com_optimizer and rec_optimizer must be two objects: each keeps the moments "
                "of its own network. Received the same object twice"
            )

    def _prepare(self, optimizer: Any, network: keras.Model) -> keras.Optimizer:
        optimizer = keras.optimizers.get(optimizer)
        scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        if self.dtype_policy.name == "mixed_float16" and not scales:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        # Built now and not at the first step, so that a reloaded state has where to go.
        if not optimizer.built:
            optimizer.build(network.trainable_variables)
        return optimizer

    def train_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Take one step of the objective.

        Args:
            data: one batch; see the class.

        Returns:
            Running means of the metrics by name.
        """
        if self.objective == "joint":
            self._train_jointly(data)
        else:
            self._train_rec(data)
            if self.com.trainable_variables:  # else its pass through RecCNN would be for nothing
                self._train_com(data)
        return self._results()

    def _train_rec(self, data: dict[str, tf.Tensor]) -> None:
        """RecCNN on what the real codec decoded, ComCNN fixed."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            weights = _watch(tape, self.rec)
            loss = self._rec_loss(data, training=True)
            scaled = self.rec_optimizer.scale_loss(loss / self._num_replicas)
        _apply(self.rec_optimizer, tape.gradient(scaled, _values(weights)), weights)

    def _train_com(self, data: dict[str, tf.Tensor]) -> None:
        """ComCNN through RecCNN, RecCNN fixed and the codec left out."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            weights = _watch(tape, self.com)
            # Batch norm of the fixed RecCNN goes by its collected statistics.
            loss = self._com_loss(data)
            scaled = self.com_optimizer.scale_loss(loss / self._num_replicas)
        _apply(self.com_optimizer, tape.gradient(scaled, _values(weights)), weights)

    def _train_jointly(self, data: dict[str, tf.Tensor]) -> None:
        """Both networks at once through the codec's stand-in."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            com_weights, rec_weights = _watch(tape, self.com), _watch(tape, self.rec)
            loss = self._joint_loss(data, training=True)
            scaled = self.rec_optimizer.scale_loss(loss / self._num_replicas)
        gradients = tape.gradient(scaled, _values(com_weights + rec_weights))
        # Each optimizer undoes its own loss scale; the pass above carries that of RecCNN's.
        ratio = self.com_optimizer.scale_loss(1.0) / self.rec_optimizer.scale_loss(1.0)
        com_gradients = [ratio * gradient for gradient in gradients[: len(com_weights)]]
        _apply(self.com_optimizer, com_gradients, com_weights)
        _apply(self.rec_optimizer, gradients[len(com_weights) :], rec_weights)

    def test_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Compute the objective's losses without changing a weight.

        Args:
            data: one batch; see the class.

        Returns:
            Running means of the metrics by name.
        """
        if self.objective == "joint":
            self._joint_loss(data, training=False)
        else:
            self._rec_loss(data, training=False)
            if self.com.trainable_variables:
                self._com_loss(data)
        return self._results()

    def _rec_loss(self, data: dict[str, tf.Tensor], training: bool) -> tf.Tensor:
        upsampled, residuals = self.rec.upsampled_and_residual(
            data["decoded"], log_step=self.log_step(data["quality"]), training=training
        )
        loss = losses.rec_loss(data["pictures"], upsampled, residuals)
        self._track(rec_loss=loss, psnr=_psnr(data["pictures"], upsampled + residuals))
        return loss

    def _com_loss(self, data: dict[str, tf.Tensor]) -> tf.Tensor:
        loss = losses.com_loss(data["pictures"], self(data["pictures"], data["quality"]))
        self._track(com_loss=loss)
        return loss

    def _joint_loss(self, data: dict[str, tf.Tensor], training: bool) -> tf.Tensor:
        pictures, quality = data["pictures"], data["quality"]
        decoded, num_bits = self._differentiable.round_trip(self.shrink(pictures, quality), quality)
        upsampled, residuals = self.rec.upsampled_and_residual(
            decoded, log_step=self.log_step(quality), training=training
        )
        reconstructions = upsampled + residuals
        step = self.scale * codecs.step(self.codec, quality)
        loss = losses.joint_loss(pictures, reconstructions, num_bits, step, self.rate_weight)
        num_pixels = tf.cast(tf.reduce_prod(tf.shape(pictures)[1:3]), tf.float32)
        self._track(
            joint_loss=loss,
            bits_per_pixel=tf.reduce_mean(num_bits) / num_pixels,
            psnr=_psnr(pictures, reconstructions),
        )
        return loss

    def _track(self, **values: tf.Tensor) -> None:
        for name, value in values.items():
            self._trackers[name].update_state(value)

    def _results(self) -> dict[str, tf.Tensor]:
        results = {name: self._trackers[name].result() for name in _REPORTED[self.objective]}
        if not self.com.trainable_variables:
            results.pop("com_loss", None)
        if isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Keras takes the mean over workers along the first axis, which a scalar lacks.
            return {name: value[None] for name, value in results.items()}
        return results

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means that `fit` resets at each epoch."""
        return list(self._trackers.values())

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Leave out what Keras does before it trains: ComRec is built when it is made.

        Keras would draw a batch to build with, which it cannot do from dictionaries under
        MultiWorkerMirroredStrategy (keras-team/keras issues 20329 and 20585).
        """

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, for saving."""
        return {
            **super().get_config(),
            "com": keras.saving.serialize_keras_object(self.com),
            "rec": keras.saving.serialize_keras_object(self.rec),
            "codec": {"name": self.codec.name, "options": self.codec.options()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "ComRec":
        """Make a model of what `get_config` returned."""
        networks = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in ("com", "rec")
        }
        codec = catalog.make_codec(config["codec"]["name"], **config["codec"]["options"])
        return cls(**{**config, **networks, "codec": codec})

    def get_compile_config(self) -> dict[str, Any]:
        """Return the optimizers' configurations, for saving."""
        if self.com_optimizer is None:
            return {}
        return {
            "com_optimizer": keras.saving.serialize_keras_object(self.com_optimizer),
            "rec_optimizer": keras.saving.serialize_keras_object(self.rec_optimizer),
            "objective": self.objective,
            "rate_weight": self.rate_weight,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what `get_compile_config` returned."""
        if config:
            self.compile(
                **{
                    name: keras.saving.deserialize_keras_object(value)
                    for name, value in config.items()
                }
            )


def _values(weights: list[Any]) -> list[Any]:
    return [weight.value for weight in weights]


def _watch(tape: tf.GradientTape, network: keras.Model) -> list[Any]:
    weights = list(network.trainable_variables)
    tape.watch(_values(weights))
    return weights


def _apply(optimizer: keras.Optimizer, gradients: list[Any], weights: list[Any]) -> None:
    if weights:  # none where the user froze the network
        optimizer.apply(gradients, weights)


def _psnr(pictures: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
    """Mean over the batch, dB, as the reconstructions would look: saturated."""
    saturated = tf.clip_by_value(tf.cast(reconstructions, tf.float32), 0.0, 1.0)
    # A flat patch may come back exact, and one infinity would be the mean of all.
    psnr = tf.minimum(tf.image.psnr(pictures, saturated, max_val=1.0), _MAX_PSNR)
    return tf.reduce_mean(psnr)
