"""TrainingFeed: the input pipeline with its frozen copy of ComCNN, and what keeps it fresh."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from comrec_tf.data import pipeline, sources
from comrec_tf.data.reader import PictureReader
from comrec_tf.data.sampling import Sampling
from comrec_tf.models.com_rec import ComRec

__all__ = ["TrainingFeed"]


class TrainingFeed(keras.callbacks.Callback):
    """Examples for `ComRec.fit`, coded by the real codec while the model trains.

    The pipeline makes compact pictures with a copy of the model's ComCNN, on the CPU and a few
    batches ahead of the model. This object is also the callback that refreshes the copy at the
    beginning of each epoch and tells the pipeline which epoch it is, so that a resumed run draws
    the same patches as an uninterrupted one::

        feed = TrainingFeed(model, "photos", Sampling(batch_size=8))
        model.fit(feed.dataset, epochs=10, callbacks=[feed])

    Args:
        model: the pair to train.
        train_data: folders, globs or files of pictures.
        sampling: how examples are drawn.
        stamp: runs on each batch as it is handed over; see `InputWait`.

    Raises:
        FileNotFoundError: there are no pictures.
        ValueError: the size of a patch or the quality does not fit the model.
    """

    def __init__(
        self,
        model: ComRec,
        train_data: sources.Source | Sequence[sources.Source],
        sampling: Sampling | None = None,
        *,
        stamp: Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]] | None = None,
    ) -> None:
        super().__init__()
        sampling = Sampling() if sampling is None else sampling
        if sampling.patch_size % model.input_multiple:
            raise ValueError(
                f"patch_size must be a multiple of {model.input_multiple} for this model. "
                f"Received: patch_size={sampling.patch_size}"
            )
        codecs = [(codec.for_scale(model.scale), weight) for codec, weight in sampling.codecs]
        sampling = dataclasses.replace(sampling, codecs=codecs)
        self._source = model.com
        # Not in the strategy's scope: each process has its own copy.
        with tf.device("CPU:0"):
            self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
            self._copy = type(model.com).from_config(model.com.get_config())
        self._copy.trainable = False
        self.refresh()

        def shrink(pictures: tf.Tensor, log_step: tf.Tensor) -> tf.Tensor:
            return self._copy(pictures, log_step=log_step if model.com.conditioned else None)

        paths = sources.find_pictures(train_data)
        #: Reads the files; knows which are broken.
        self.reader = PictureReader(len(paths), strict=sampling.strict)

        def share(context: tf.distribute.InputContext) -> tf.data.Dataset:
            dataset = pipeline.training_dataset(
                paths,
                self.reader,
                shrink=shrink,
                codec=model.encoder,
                channels=model.channels,
                sampling=sampling,
                epoch=self._epoch,
                shard=(context.input_pipeline_id, context.num_input_pipelines),
                num_replicas=context.num_replicas_in_sync,
            )
            return dataset if stamp is None else dataset.map(stamp)

        strategy = model.distribute_strategy
        #: One epoch of batches, drawn again each time it is iterated; where the model was made in
        #: the scope of a strategy, shared by its devices.
        self.dataset: Any
        if strategy.num_replicas_in_sync == 1:
            self.dataset = share(tf.distribute.InputContext())
        else:
            self.dataset = strategy.distribute_datasets_from_function(share)
            # TensorFlow counts a batch for each device of a machine, `fit` a step for all of them:
            # it would expect steps that never come, and warn that training was interrupted. Keras
            # takes no dataset but TensorFlow's own, which cannot be told otherwise.
            self.dataset._cardinality = sampling.steps_per_epoch

    def refresh(self) -> None:
        """Copy the weights of the model's ComCNN into the pipeline's."""
        for frozen, trained in zip(self._copy.variables, self._source.variables, strict=True):
            frozen.assign(trained)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Refresh the copy and move the draws on to this epoch."""
        self._epoch.assign(epoch)
        self.refresh()
