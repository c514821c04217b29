"""What training minimises: the paper's two squared errors in turn, or distortion plus rate."""

import abc
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from comrec_tf.codecs import base
from comrec_tf.graph import codecs
from comrec_tf.models import losses

if TYPE_CHECKING:
    from comrec_tf.models.com_rec import ComRec

__all__ = ["Alternate", "Joint", "Objective", "make_objective"]

_MAX_PSNR = 100.0


class Objective(abc.ABC):
    """How a batch changes a pair, and what it reports.

    Args:
        num_replicas: devices that share a batch: gradients are summed over them, losses are means
            over the examples of each.
    """

    #: Its name, one of `vocabulary.OBJECTIVES`.
    name: str
    #: What it reports as running means.
    reported: tuple[str, ...]

    def __init__(self, num_replicas: int) -> None:
        self._num_replicas = num_replicas

    @abc.abstractmethod
    def train(self, model: "ComRec", data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Take one step of training.

        Args:
            model: the pair, compiled.
            data: a batch; see `ComRec`.

        Returns:
            What was measured before the step, by the names of `reported`, each float32 ().
        """

    @abc.abstractmethod
    def measure(self, model: "ComRec", data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Compute what `train` reports, without changing a weight.

        Args:
            model, data: as in `train`.

        Returns:
            As `train`.
        """

    def _share(self, loss: tf.Tensor) -> tf.Tensor:
        return loss / self._num_replicas


class Alternate(Objective):
    """The paper's two losses, one network fixed while the other learns (III-D).

    Args:
        num_replicas: see `Objective`.
        step_balance: an example weighs its quantiser step to the power of minus this in RecCNN's
            loss. Squared errors grow about as the steps do, so with 1 all qualities count about the
            same; 0 is the paper's.
    """

    name = "alternate"
    reported = ("rec_loss", "com_loss", "psnr")

    def __init__(self, num_replicas: int, step_balance: float = 0.0) -> None:
        super().__init__(num_replicas)
        self._step_balance = step_balance

    def train(self, model: "ComRec", data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Let RecCNN learn, then ComCNN; see `Objective.train`."""
        measured = self._train_rec(model, data)
        if model.com.trainable_variables:  # else the pass through RecCNN would change nothing
            measured |= self._train_com(model, data)
        return measured

    def measure(self, model: "ComRec", data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Compute both losses; see `Objective.measure`."""
        measured = self._rec_loss(model, data, training=False)
        if model.com.trainable_variables:
            measured |= self._com_loss(model, data)
        return measured

    def _train_rec(self, model: "ComRec", data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """RecCNN on what the real codec decoded, ComCNN fixed."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            weights = _watch(tape, model.rec)
            measured = self._rec_loss(model, data, training=True)
            scaled = model.rec_optimizer.scale_loss(self._share(measured["rec_loss"]))
        _apply(model.rec_optimizer, tape.gradient(scaled, _values(weights)), weights)
        return measured

    def _train_com(self, model: "ComRec", data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """ComCNN through RecCNN, RecCNN fixed and the codec left out."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            weights = _watch(tape, model.com)
            # Batch norm of the fixed RecCNN uses its collected statistics.
            measured = self._com_loss(model, data)
            scaled = model.com_optimizer.scale_loss(self._share(measured["com_loss"]))
        _apply(model.com_optimizer, tape.gradient(scaled, _values(weights)), weights)
        return measured

    def _rec_loss(
        self, model: "ComRec", data: dict[str, tf.Tensor], training: bool
    ) -> dict[str, tf.Tensor]:
        log_step, tables = model.told(data)
        upsampled, residuals = model.rec.upsampled_and_residual(
            data["decoded"], log_step, tables, training=training
        )
        weights = None
        if self._step_balance and log_step is not None:
            weights = tf.exp(-self._step_balance * log_step)
        return {
            "rec_loss": losses.rec_loss(data["pictures"], upsampled, residuals, weights),
            "psnr": _psnr(data["pictures"], upsampled + residuals),
        }

    def _com_loss(self, model: "ComRec", data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        log_step, tables = model.told(data)
        compact = model.com(data["pictures"], log_step=log_step)
        reconstructions = model.rec.reconstruct(compact, log_step, tables)
        return {"com_loss": losses.com_loss(data["pictures"], reconstructions)}


class Joint(Objective):
    """Distortion plus rate of both networks at once, through differentiable arithmetic.

    Args:
        num_replicas: see `Objective`.
        codec: the codec, which must have such arithmetic.
        rate_weight: weight of the rate, divided by the squared quantiser step; see
            `losses.joint_loss`. If it is too small, ComCNN sharpens until it wastes bits.

    Raises:
        ValueError: the codec has none.
    """

    name = "joint"
    reported = ("joint_loss", "bits_per_pixel", "psnr")

    def __init__(self, num_replicas: int, codec: base.Codec, rate_weight: float) -> None:
        super().__init__(num_replicas)
        self._codec = codec
        self._differentiable = codecs.differentiable(codec)
        self._rate_weight = rate_weight

    def train(self, model: "ComRec", data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Let both networks learn at once; see `Objective.train`."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            com_weights, rec_weights = _watch(tape, model.com), _watch(tape, model.rec)
            measured = self._loss(model, data, training=True)
            scaled = model.rec_optimizer.scale_loss(self._share(measured["joint_loss"]))
        gradients = tape.gradient(scaled, _values(com_weights + rec_weights))
        # Each optimizer undoes its own loss scale; the gradients above have that of RecCNN's.
        ratio = model.com_optimizer.scale_loss(1.0) / model.rec_optimizer.scale_loss(1.0)
        com_gradients = [ratio * gradient for gradient in gradients[: len(com_weights)]]
        _apply(model.com_optimizer, com_gradients, com_weights)
        _apply(model.rec_optimizer, gradients[len(com_weights) :], rec_weights)
        return measured

    def measure(self, model: "ComRec", data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Compute the loss; see `Objective.measure`."""
        return self._loss(model, data, training=False)

    def _loss(
        self, model: "ComRec", data: dict[str, tf.Tensor], training: bool
    ) -> dict[str, tf.Tensor]:
        pictures, quality = data["pictures"], data["quality"]
        compact = model.shrink(pictures, quality)
        decoded, num_bits = self._differentiable.round_trip(compact, quality)
        upsampled, residuals = model.rec.upsampled_and_residual(
            decoded, model.log_step(quality), model.tables(quality), training=training
        )
        reconstructions = upsampled + residuals
        step = model.scale * codecs.step(self._codec, quality)
        loss = losses.joint_loss(pictures, reconstructions, num_bits, step, self._rate_weight)
        num_pixels = tf.cast(tf.reduce_prod(tf.shape(pictures)[1:3]), tf.float32)
        return {
            "joint_loss": loss,
            "bits_per_pixel": tf.reduce_mean(num_bits) / num_pixels,
            "psnr": _psnr(pictures, reconstructions),
        }


def make_objective(
    name: str, num_replicas: int, codec: base.Codec, rate_weight: float, step_balance: float
) -> Objective:
    """Make an objective by its name.

    Args:
        name: one of `vocabulary.OBJECTIVES`.
        num_replicas, codec, rate_weight, step_balance: see the classes.

    Returns:
        The objective.

    Raises:
        ValueError: the name is unknown, or the codec has no differentiable arithmetic for "joint".
    """
    if name == Alternate.name:
        return Alternate(num_replicas, step_balance)
    if name == Joint.name:
        return Joint(num_replicas, codec, rate_weight)
    names = (Alternate.name, Joint.name)
    raise ValueError(f"objective must be one of {names}. Received: {name!r}")


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
    """Mean over the batch in dB, of the reconstructions clipped to [0, 1]."""
    saturated = tf.clip_by_value(tf.cast(reconstructions, tf.float32), 0.0, 1.0)
    # A flat patch may be restored exactly; its infinity would become the mean of all.
    psnr = tf.minimum(tf.image.psnr(pictures, saturated, max_val=1.0), _MAX_PSNR)
    return tf.reduce_mean(psnr)
