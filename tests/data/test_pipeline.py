import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.data import pipeline, sources
from comrec_tf.data.reader import PictureReader
from comrec_tf.data.sampling import Sampling
from comrec_tf.graph import color


@pytest.fixture(scope="module")
def paths(pictures_dir):
    return sources.find_pictures(pictures_dir)


def halve(pictures, log_step):
    return tf.nn.avg_pool2d(pictures, 2, 2, "VALID")


def made(paths, batch_size=4, **kwargs):
    return pipeline.training_dataset(
        paths,
        PictureReader(len(paths)),
        shrink=halve,
        codec=JpegCodec(),
        channels=3,
        sampling=Sampling(
            patch_size=16, batch_size=batch_size, steps_per_epoch=3, patches_per_picture=2
        ),
        **kwargs,
    )


def pictures_of(dataset) -> np.ndarray:
    return np.concatenate([batch["pictures"] for batch in dataset.as_numpy_iterator()])


def test_an_epoch_is_so_many_batches_of_what_the_pair_takes(paths):
    dataset = made(paths)
    assert int(dataset.cardinality()) == 3
    batches = list(dataset.as_numpy_iterator())
    assert len(batches) == 3
    for batch in batches:
        assert batch["pictures"].shape == (4, 16, 16, 3)
        for picture, decoded, quality in zip(
            batch["pictures"], batch["decoded"], batch["quality"], strict=True
        ):
            compact = color.codec_pixels(halve(picture[None], None))[0].numpy()
            coded = JpegCodec().decode(JpegCodec().encode(compact, int(quality)))
            np.testing.assert_allclose(decoded, color.network_pixels(coded, 3), atol=1e-6)


def test_pipelines_that_share_an_epoch_make_what_one_alone_would(paths):
    alone = pictures_of(made(paths))
    shares = [made(paths, shard=(index, 2), num_replicas=2) for index in (0, 1)]
    assert [int(share.cardinality()) for share in shares] == [3, 3]
    together = np.concatenate([pictures_of(share) for share in shares])
    assert together.shape == alone.shape
    order = [np.lexsort(some.reshape(len(some), -1).T) for some in (alone, together)]
    np.testing.assert_array_equal(alone[order[0]], together[order[1]])


def test_a_batch_that_devices_cannot_share_evenly_is_refused(paths):
    with pytest.raises(ValueError, match="multiple of the 3 devices .* Received: batch_size=4"):
        made(paths, num_replicas=3)
