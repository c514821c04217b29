"""ComRec: the pair of networks around a codec, and how one training step changes it."""

from typing import Any

import keras
import tensorflow as tf

from comrec_tf.codecs import base, catalog
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.graph import codecs
from comrec_tf.models import objectives
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.rec_cnn import RecCNN

__all__ = ["ComRec"]


@keras.saving.register_keras_serializable(package="comrec_tf")
class ComRec(keras.Model):
    """ComCNN, a codec and RecCNN (Jiang et al. 2017, figure 1).

    ::

        pictures -> com -> compact -> [codec] -> decoded -> upsample + rec -> reconstructions

    The codec is not part of the model's own call: it runs in the input pipeline when training
    (`comrec_tf.TrainingFeed`) and in `comrec_tf.Compressor` when used.

    `fit` takes a dataset of dictionaries:

    - ``"pictures"``: float32 (N, H, W, C) in [0, 1], the originals,
    - ``"quality"``: int32 (N,), the codec's quality for each,
    - ``"decoded"``: float32 (N, H / scale, W / scale, C), what the codec made of their compact
      pictures; not needed by ``objective="joint"``,
    - ``"log_step"`` and ``"tables"``: float32 (N,) and (N, 4), `graph.codecs.log_step` and
      `graph.codecs.tables` of the quality; may be left out if the codec is the model's own.

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
        #: The codec as it codes compact pictures of this scale.
        self.encoder = self.codec.for_scale(self.scale)
        self.com_optimizer: Any = None
        self.rec_optimizer: Any = None
        self._objective: objectives.Objective = objectives.Alternate(1)
        self.rate_weight = 0.1
        self.step_balance = 0.0
        reported = (*objectives.Alternate.reported, *objectives.Joint.reported)
        self._trackers = {name: keras.metrics.Mean(name=name) for name in dict.fromkeys(reported)}
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
    def input_multiple(self) -> int:
        """Height and width of the originals must be multiples of this."""
        return self.scale * self.rec.input_multiple

    def log_step(self, quality: Any) -> tf.Tensor | None:
        """What both networks are told of a quality.

        Args:
            quality: int32 (N,).

        Returns:
            float32 (N,), or None if the networks are not conditioned.
        """
        return codecs.log_step(self.encoder, quality) if self.com.conditioned else None

    def tables(self, quality: Any) -> tf.Tensor | None:
        """What RecCNN is told besides of colour pictures of a quality.

        Args:
            quality: int32 (N,).

        Returns:
            float32 (N, 4), or None if it is not told the tables.
        """
        if not self.rec.tables:
            return None
        return codecs.tables(self.encoder, quality, tf.zeros_like(quality, tf.bool))

    def told(self, data: dict[str, tf.Tensor]) -> tuple[tf.Tensor | None, tf.Tensor | None]:
        """What the networks are told of each example of a batch.

        Args:
            data: a batch; see the class.

        Returns:
            `log_step`, and for RecCNN `tables`.
        """
        if not self.com.conditioned:
            return None, None
        quality = data["quality"]
        log_step = data["log_step"] if "log_step" in data else self.log_step(quality)
        if not self.rec.tables:
            return log_step, None
        return log_step, data["tables"] if "tables" in data else self.tables(quality)

    @property
    def objective(self) -> str:
        """Name of what training minimises, one of `vocabulary.OBJECTIVES`."""
        return self._objective.name

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
        return self.rec.reconstruct(decoded, self.log_step(quality), self.tables(quality))

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
        step_balance: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """Configure training.

        Args:
            com_optimizer: ComCNN's optimizer, or its name or configuration. Under the policy
                "mixed_float16" it is wrapped for loss scaling.
            rec_optimizer: the same for RecCNN.
            objective: "alternate" for the paper's two losses in turn, `objectives.Alternate`;
                "joint" for distortion plus rate of both networks at once, `objectives.Joint`.
            rate_weight: of "joint".
            step_balance: of "alternate".
            **kwargs: `run_eagerly`, `jit_compile`, `steps_per_execution` of `keras.Model.compile`.

        Raises:
            ValueError: both optimizers are the same object, the objective is unknown or does not
                work with the model's codec, or `optimizer`, `loss` or `metrics` is given: the
                objectives have their own.
        """
        for name in ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"):
            if kwargs.get(name) is not None:
                raise ValueError(
                    "ComRec brings its own losses and metrics and takes com_optimizer and "
                    f"rec_optimizer. Received: {name}={kwargs[name]!r}"
                )
        self._objective = objectives.make_objective(
            objective,
            self.distribute_strategy.num_replicas_in_sync,
            self.encoder,
            rate_weight,
            step_balance,
        )
        self.rate_weight = rate_weight
        self.step_balance = step_balance
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
        # Built now and not at the first step, so that a saved state can be loaded into it.
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
        return self._results(self._objective.train(self, data))

    def test_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Compute the objective's losses without changing a weight.

        Args:
            data: one batch; see the class.

        Returns:
            Running means of the metrics by name.
        """
        return self._results(self._objective.measure(self, data))

    def _results(self, measured: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        for name, value in measured.items():
            self._trackers[name].update_state(value)
        results = {name: self._trackers[name].result() for name in measured}
        if isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Keras takes the mean over workers along the first axis, which a scalar lacks.
            return {name: value[None] for name, value in results.items()}
        return results

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means that `fit` resets at each epoch."""
        return list(self._trackers.values())

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Do nothing: ComRec is already built when it is made.

        Keras would draw a batch to build the model with, which fails with dictionaries under
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
            "step_balance": self.step_balance,
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
