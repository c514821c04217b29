"""TrainingFeed: the input pipeline with its frozen copy of ComCNN, and what keeps it fresh."""

import time
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from comrec_tf.data import pipeline, sources
from comrec_tf.data.reader import PictureReader
from comrec_tf.models.com_rec import ComRec

__all__ = ["TrainingFeed"]


class TrainingFeed(keras.callbacks.Callback):
    """Examples for `ComRec.fit`, coded by the real codec while the model trains.

    The pipeline shrinks patches with a copy of the model's ComCNN, on the CPU and a few batches
    ahead of the model. This object is also the callback that refreshes the copy as each epoch
    begins and tells the pipeline which epoch it is, so that a resumed run draws the
    same patches as an uncut one, and that logs how long steps waited for their batches::

        feed = TrainingFeed(model, "photos")
        model.fit(feed.dataset, epochs=10, callbacks=[feed])

    Args:
        model: the pair to train.
        train_data: folders, globs or files of pictures.
        patch_size: side of a patch in pixels, a multiple of the model's `input_multiple`.
        batch_size: patches in a batch, over all devices that the model trains on.
        steps_per_epoch: batches in an epoch.
        quality: one quality, or the lowest and the highest to draw from.
        patches_per_picture: patches cut each time a picture is decoded.
        grey_share: share of the patches that lose their colour, 0 to 1.
        coded: whether examples hold what the codec decodes; ``objective="joint"`` does without.
        strict: whether a broken file is an error; it is skipped and logged otherwise.
        seed: seed of all draws.

    Raises:
        FileNotFoundError: there are no pictures.
        ValueError: `patch_size` or `quality` does not fit the model.
    """

    def __init__(
        self,
        model: ComRec,
        train_data: sources.Source | Sequence[sources.Source],
        *,
        patch_size: int = 96,
        batch_size: int = 16,
        steps_per_epoch: int = 100,
        quality: int | tuple[int, int] = (5, 80),
        patches_per_picture: int = 16,
        grey_share: float = 0.0,
        coded: bool = True,
        strict: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if patch_size % model.input_multiple:
            raise ValueError(
                f"patch_size must be a multiple of {model.input_multiple} for this model. "
                f"Received: patch_size={patch_size}"
            )
        self._source = model.com
        # Not in the strategy's scope: each process has a copy of its own.
        with tf.device("CPU:0"):
            self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
            self._handed_over = tf.Variable(0.0, dtype=tf.float64, trainable=False)
            self._copy = type(model.com).from_config(model.com.get_config())
        self._copy.trainable = False
        self._begun = self._asked = self._waited = 0.0
        self.refresh()

        def shrink(pictures: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            return self._copy(pictures, log_step=model.log_step(quality))

        paths = sources.find_pictures(train_data)
        #: Reads the files; knows which are broken.
        self.reader = PictureReader(len(paths), strict=strict)

        def share(context: tf.distribute.InputContext) -> tf.data.Dataset:
            dataset = pipeline.training_dataset(
                paths,
                self.reader,
                shrink=shrink,
                codec=model.codec,
                channels=model.channels,
                patch_size=patch_size,
                batch_size=batch_size,
                num_batches=steps_per_epoch,
                quality=(quality, quality) if isinstance(quality, int) else quality,
                patches_per_picture=patches_per_picture,
                grey_share=grey_share,
                coded=coded,
                seed=seed,
                epoch=self._epoch,
                shard=(context.input_pipeline_id, context.num_input_pipelines),
                num_replicas=context.num_replicas_in_sync,
            )
            return dataset.map(self._stamp)

        strategy = model.distribute_strategy
        #: One epoch of batches, drawn anew each time it is iterated; where the model was made in
        #: the scope of a strategy, shared by its devices.
        self.dataset = (
            strategy.distribute_datasets_from_function(share)
            if strategy.num_replicas_in_sync > 1
            else share(tf.distribute.InputContext())
        )

    def refresh(self) -> None:
        """Copy the weights of the model's ComCNN into the pipeline's."""
        for frozen, trained in zip(self._copy.variables, self._source.variables, strict=True):
            frozen.assign(trained)

    def _stamp(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Note when a batch is handed over: this runs when a step asks and a batch is there."""
        self._handed_over.assign(tf.timestamp())
        return batch

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Refresh the copy and move the draws on to this epoch."""
        self._epoch.assign(epoch)
        self.refresh()
        self._begun = time.time()
        self._waited = 0.0

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Note when a step asks for its batch."""
        self._asked = time.time()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Add up how long the step waited for it."""
        self._waited += max(0.0, float(self._handed_over) - self._asked)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add to the logs "input_wait", the share of the epoch spent waiting for batches."""
        if logs is not None:
            logs["input_wait"] = self._waited / (time.time() - self._begun)
