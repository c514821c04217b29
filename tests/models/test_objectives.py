import keras
import numpy as np
import pytest
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.graph import codecs
from comrec_tf.graph.differentiable_jpeg import DifferentiableJpeg
from comrec_tf.models import objectives
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from tests.makers import batch_for, half_mean_of_squared_norms, make_model

KINDS = [
    {},
    {"scale": 1},
    {"channels": 1, "conditioned": False},
    {"resolution": "full", "depth": 3},
]


def same(one, two) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("name", vocabulary.OBJECTIVES)
def test_every_objective_of_the_vocabulary_is_made_and_measures_what_it_says(name, model):
    objective = objectives.make_objective(name, 1, JpegCodec(), 0.1, 0.0)
    assert objective.name == name
    model.compile(objective=name)
    before = model.get_weights()
    measured = objective.measure(model, batch_for(model))
    assert tuple(sorted(measured)) == tuple(sorted(objective.reported))
    assert all(np.isfinite(float(value)) for value in measured.values())
    assert same(model.get_weights(), before)


def test_an_unknown_objective_is_refused():
    with pytest.raises(ValueError, match="one of .*alternate.* Received: 'rivals'"):
        objectives.make_objective("rivals", 1, JpegCodec(), 0.1, 0.0)


def test_a_step_balance_weighs_each_example_by_its_step(model):
    model.compile()
    batch = batch_for(model)
    measured = objectives.Alternate(1, step_balance=0.7).measure(model, batch)
    restored = model.reconstruct(batch["decoded"], batch["quality"]).numpy()
    errors = np.square(restored - batch["pictures"].numpy()).sum(axis=(1, 2, 3))
    steps = [model.codec.step(int(quality)) for quality in batch["quality"]]
    expected = np.mean(errors / 2 * (np.array(steps) / 16.0) ** -0.7)
    assert float(measured["rec_loss"]) == pytest.approx(expected, rel=1e-4)


def test_devices_that_share_a_batch_take_their_share_of_the_gradient():
    moved = []
    for num_replicas in (1, 4):
        keras.utils.set_random_seed(1)
        model = make_model()
        model.compile(
            com_optimizer=keras.optimizers.SGD(0.0), rec_optimizer=keras.optimizers.SGD(1e-3)
        )
        before = model.rec.head.kernel.numpy()
        objectives.Alternate(num_replicas).train(model, batch_for(model))
        moved.append(model.rec.head.kernel.numpy() - before)
    np.testing.assert_allclose(moved[0], 4 * moved[1], rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_both_losses_equal_the_papers_formulas_in_numpy(kind):
    model = make_model(**kind)
    model.compile(com_optimizer=keras.optimizers.SGD(0.0), rec_optimizer=keras.optimizers.SGD(0.0))
    batch = batch_for(model)
    pictures = batch["pictures"].numpy()

    results = {name: float(value) for name, value in model.test_step(batch).items()}

    # L2: RecCNN on what the codec made of the compact pictures.
    restored = model.reconstruct(batch["decoded"], batch["quality"]).numpy()
    assert results["rec_loss"] == pytest.approx(
        half_mean_of_squared_norms(restored - pictures), rel=1e-4
    )
    # L1: Re(Cr(x)), the codec left out.
    compact = model.shrink(pictures, batch["quality"])
    through = model.reconstruct(compact, batch["quality"]).numpy()
    assert results["com_loss"] == pytest.approx(
        half_mean_of_squared_norms(through - pictures), rel=1e-4
    )
    error = np.mean((np.clip(restored, 0, 1) - pictures) ** 2, axis=(1, 2, 3))
    assert results["psnr"] == pytest.approx(np.mean(-10 * np.log10(error)), rel=1e-4)


def test_a_step_of_training_reports_the_losses_before_it():
    model = make_model()
    model.compile(com_optimizer=keras.optimizers.SGD(0.0), rec_optimizer=keras.optimizers.SGD(0.0))
    batch = batch_for(model)
    expected = {name: float(value) for name, value in model.test_step(batch).items()}
    for metric in model.metrics:
        metric.reset_state()
    got = {name: float(value) for name, value in model.train_step(batch).items()}
    assert got == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_joint_loss_is_distortion_plus_rate_through_the_differentiable_codec(kind):
    model = make_model(**kind)
    model.compile(objective="joint", rate_weight=0.2)
    batch = batch_for(model)
    pictures = batch["pictures"].numpy()
    compact = model.shrink(pictures, batch["quality"])
    decoded, bits = DifferentiableJpeg(JpegCodec()).round_trip(compact, batch["quality"])
    error = 255.0**2 * (model.reconstruct(decoded, batch["quality"]).numpy() - pictures) ** 2
    step = model.scale * 16.0 * np.exp(codecs.log_step(model.codec, batch["quality"]).numpy())
    samples = pictures[0].size
    expected = np.mean(error.mean(axis=(1, 2, 3)) / step + 0.2 * step * bits / samples)
    results = model.test_step({name: batch[name] for name in ("pictures", "quality")})
    assert float(results["joint_loss"]) == pytest.approx(expected, rel=1e-4)
    assert float(results["bits_per_pixel"]) == pytest.approx(np.mean(bits) / 256, rel=1e-4)


def test_the_joint_step_moves_both_networks_down_the_gradient_of_one_loss():
    model = make_model()
    model.compile(
        com_optimizer=keras.optimizers.SGD(1e-6),
        rec_optimizer=keras.optimizers.SGD(1e-6),
        objective="joint",
    )
    batch = batch_for(model)
    com, rec = model.com.get_weights(), model.rec.get_weights()
    before = float(model.train_step(batch)["joint_loss"])
    assert not same(model.com.get_weights(), com)
    assert not same(model.rec.get_weights(), rec)
    for metric in model.metrics:
        metric.reset_state()
    assert float(model.test_step(batch)["joint_loss"]) < before


def test_a_heavier_rate_gives_fewer_bits():
    bits = []
    for rate_weight in (0.0, 3.0):
        keras.utils.set_random_seed(1)
        model = make_model()
        model.compile(
            com_optimizer=keras.optimizers.Adam(1e-3),
            rec_optimizer=keras.optimizers.Adam(1e-3),
            objective="joint",
            rate_weight=rate_weight,
        )
        dataset = tf.data.Dataset.from_tensors(batch_for(model))
        model.fit(dataset.repeat(40), verbose=0)
        bits.append(model.evaluate(dataset, return_dict=True, verbose=0)["bits_per_pixel"])
    assert bits[1] < 0.9 * bits[0]


def test_a_patch_that_comes_back_exact_does_not_make_the_mean_psnr_infinite():
    shared = {"channels": 1, "scale": 1}
    model = ComRec(ComCNN(filters=4, **shared), RecCNN(depth=2, filters=4, **shared))
    model.compile(com_optimizer=keras.optimizers.SGD(0.0), rec_optimizer=keras.optimizers.SGD(0.0))
    flat = tf.ones([2, 8, 8, 1])  # RecCNN's residual starts at zero
    logs = model.test_step({"pictures": flat, "decoded": flat, "quality": tf.constant([50, 50])})
    assert float(logs["psnr"]) == 100.0


def test_a_frozen_com_costs_no_pass_and_reports_no_loss(model):
    dataset = tf.data.Dataset.from_tensors(batch_for(model))
    model.com.trainable = False
    model.compile()
    assert set(model.fit(dataset, verbose=0).history) == {"rec_loss", "psnr"}
    assert set(model.evaluate(dataset, verbose=0, return_dict=True)) == {"rec_loss", "psnr"}
