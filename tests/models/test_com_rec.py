import keras
import numpy as np
import pytest
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.other_formats import WebpCodec
from comrec_tf.graph import codecs
from comrec_tf.graph.differentiable_jpeg import DifferentiableJpeg
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from tests.makers import half_mean_of_squared_norms, make_model, stir

KINDS = [
    {},
    {"scale": 1},
    {"channels": 1, "conditioned": False},
    {"resolution": "full", "depth": 3},
]


def batch_for(model: ComRec, size: int = 16, num: int = 4) -> dict[str, tf.Tensor]:
    pictures = tf.random.uniform([num, size, size, model.channels])
    small = size // model.scale
    return {
        "pictures": pictures,
        "decoded": tf.image.resize(pictures, [small, small])
        + tf.random.normal([num, small, small, model.channels], stddev=0.02),
        "quality": tf.constant(([10, 40, 75] * num)[:num]),
    }


def values(network) -> list[np.ndarray]:
    return [np.array(variable) for variable in network.variables]


def same(one, two) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def frozen(rate):
    return keras.optimizers.SGD(rate)


@pytest.mark.parametrize("kind", KINDS)
def test_the_update_of_rec_leaves_com_bit_identical(kind):
    model = make_model(**kind)
    model.compile(com_optimizer=frozen(0.0), rec_optimizer=frozen(1e-3))
    com, rec = values(model.com), values(model.rec)
    model.train_step(batch_for(model))
    assert same(values(model.com), com)
    assert not same(values(model.rec), rec)


@pytest.mark.parametrize("kind", KINDS)
def test_the_update_of_com_leaves_rec_bit_identical(kind):
    model = make_model(**kind)
    model.rec.trainable = False
    model.compile(com_optimizer=frozen(1e-3), rec_optimizer="adam")
    com, rec = values(model.com), values(model.rec)
    model.train_step(batch_for(model))
    assert not same(values(model.com), com)
    # Batch norm's statistics too: frozen means frozen.
    assert same(values(model.rec), rec)


def test_only_recs_own_loss_moves_the_statistics_of_batch_norm():
    keras.utils.set_random_seed(1)
    model = make_model(resolution="full", depth=3)
    model.compile(com_optimizer=frozen(1e-3), rec_optimizer=frozen(0.0))
    batch = batch_for(model)
    model.train_step(batch)
    after_step = np.array(model.rec.norms[0].moving_mean)
    keras.utils.set_random_seed(1)
    again = make_model(resolution="full", depth=3)
    again.rec.upsampled_and_residual(
        batch["decoded"], log_step=again.log_step(batch["quality"]), training=True
    )
    np.testing.assert_allclose(after_step, again.rec.norms[0].moving_mean, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_both_losses_equal_the_papers_formulas_in_numpy(kind):
    model = make_model(**kind)
    model.compile(com_optimizer=frozen(0.0), rec_optimizer=frozen(0.0))
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
    model.compile(com_optimizer=frozen(0.0), rec_optimizer=frozen(0.0))
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
    model.compile(com_optimizer=frozen(1e-6), rec_optimizer=frozen(1e-6), objective="joint")
    batch = batch_for(model)
    com, rec = values(model.com), values(model.rec)
    before = float(model.train_step(batch)["joint_loss"])
    assert not same(values(model.com), com)
    assert not same(values(model.rec), rec)
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


def test_the_objective_is_saved_with_the_model(tmp_path, model):
    model.compile(objective="joint", rate_weight=0.3)
    model.save(tmp_path / "pair.keras")
    again = keras.saving.load_model(tmp_path / "pair.keras")
    assert (again.objective, again.rate_weight) == ("joint", 0.3)
    assert set(again.train_step(batch_for(again))) == {"joint_loss", "bits_per_pixel", "psnr"}


def test_an_unknown_objective_and_a_codec_without_gradient_are_refused(model):
    with pytest.raises(ValueError, match="Received: 'rivals'"):
        model.compile(objective="rivals")
    around_webp = make_model(codec=WebpCodec())
    with pytest.raises(ValueError, match="gradients pass through, which webp is not"):
        around_webp.compile(objective="joint")


@pytest.mark.parametrize("kind", KINDS)
def test_fifty_steps_lower_both_losses(kind):
    model = make_model(**kind)
    stir(model, 0.02)
    model.compile(
        com_optimizer=keras.optimizers.Adam(1e-3), rec_optimizer=keras.optimizers.Adam(1e-3)
    )
    batch = batch_for(model)
    dataset = tf.data.Dataset.from_tensors(batch)
    before = model.evaluate(dataset, return_dict=True, verbose=0)
    model.fit(dataset.repeat(50), verbose=0)
    after = model.evaluate(dataset, return_dict=True, verbose=0)
    assert after["rec_loss"] < 0.9 * before["rec_loss"]
    assert after["com_loss"] < 0.9 * before["com_loss"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_goes_on_with_the_state_of_both_optimizers(tmp_path, kind):
    model = make_model(**kind)
    model.compile(
        com_optimizer=keras.optimizers.Adam(1e-3), rec_optimizer=keras.optimizers.Adam(2e-3)
    )
    batch = batch_for(model)
    for _ in range(3):
        model.train_step(batch)
    model.save(tmp_path / "pair.keras")
    again = keras.saving.load_model(tmp_path / "pair.keras")
    for name in ("com_optimizer", "rec_optimizer"):
        assert same(values(getattr(again, name)), values(getattr(model, name)))
    np.testing.assert_array_equal(again(batch["pictures"]), model(batch["pictures"]))
    model.train_step(batch)
    again.train_step(batch)
    for one, two in zip(values(again), values(model), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_the_codec_is_saved_with_the_model(tmp_path):
    model = make_model(codec=JpegCodec(chroma_subsampling="4:4:4"))
    model.save(tmp_path / "pair.keras")
    again = keras.saving.load_model(tmp_path / "pair.keras")
    assert again.codec.options() == model.codec.options()


def test_networks_that_do_not_fit_are_refused():
    for name, com, rec in [
        ("channels", ComCNN(filters=4, channels=1), RecCNN(depth=2, filters=4)),
        ("scale", ComCNN(filters=4, scale=1), RecCNN(depth=2, filters=4)),
        ("conditioned", ComCNN(filters=4, conditioned=True), RecCNN(depth=2, filters=4)),
    ]:
        with pytest.raises(ValueError, match=f"same {name}"):
            ComRec(com, rec)


def test_losses_and_metrics_of_the_user_are_refused(model):
    with pytest.raises(ValueError, match="loss='mse'"):
        model.compile(loss="mse")
    shared = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="two objects"):
        model.compile(com_optimizer=shared, rec_optimizer=shared)


def test_mixed_float16_wraps_both_optimizers_for_loss_scaling():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = make_model()
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile()
    for optimizer in (model.com_optimizer, model.rec_optimizer):
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    for objective in vocabulary.OBJECTIVES:
        model.compile(objective=objective)
        results = model.train_step(batch_for(model))
        assert all(np.isfinite(float(value)) for value in results.values())


def gradients(objective: str, precision: str, learning: str) -> np.ndarray:
    """What a step makes of one network's weights at a rate of one, its loss scale undone."""
    rates = {name: float(name == learning) for name in ("com", "rec")}
    optimizers = {f"{name}_optimizer": keras.optimizers.SGD(rates[name]) for name in rates}
    if precision == "mixed_float16":
        # The usual first scale overflows here, on purpose: it is lowered until a step fits.
        optimizers = {
            name: keras.optimizers.LossScaleOptimizer(one, initial_scale=0.25)
            for name, one in optimizers.items()
        }
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(precision)
    try:
        model = make_model()
        model.compile(objective=objective, **optimizers)
        network = getattr(model, learning)
        before = values(network)
        model.train_step(batch_for(model))
    finally:
        keras.config.set_dtype_policy("float32")
    after = values(network)
    return np.concatenate([(b - a).ravel() for a, b in zip(after, before, strict=True)])


@pytest.mark.parametrize(
    ("precision", "unit"), [("mixed_float16", 2.0**-11), ("mixed_bfloat16", 2.0**-8)]
)
@pytest.mark.parametrize(
    # A few units where the way is straight; more where it leads through networks whose ReLUs, and
    # through a codec whose thresholds, let a rounding error turn a part of the gradient off. Half
    # of the gradient at the worst, a quarter or four times of which a wrong loss scale would make.
    ("learning", "objective", "units"),
    [
        ("rec", "alternate", 4),
        ("com", "alternate", 64),
        ("rec", "joint", 128),
        ("com", "joint", 128),
    ],
)
def test_a_step_in_mixed_precision_is_that_of_float32_within_the_formats_error(
    learning, objective, units, precision, unit
):
    exact = gradients(objective, "float32", learning)
    rounded = gradients(objective, precision, learning)
    assert np.linalg.norm(exact) > 1.0
    assert np.linalg.norm(rounded - exact) < units * unit * np.linalg.norm(exact)


def test_a_patch_that_comes_back_exact_does_not_make_the_mean_psnr_infinite():
    shared = {"channels": 1, "scale": 1}
    model = ComRec(ComCNN(filters=4, **shared), RecCNN(depth=2, filters=4, **shared))
    model.compile(com_optimizer=frozen(0.0), rec_optimizer=frozen(0.0))
    flat = tf.ones([2, 8, 8, 1])  # RecCNN's residual starts at zero
    logs = model.test_step({"pictures": flat, "decoded": flat, "quality": tf.constant([50, 50])})
    assert float(logs["psnr"]) == 100.0


def test_a_frozen_com_costs_no_pass_and_reports_no_loss(model):
    dataset = tf.data.Dataset.from_tensors(batch_for(model))
    model.com.trainable = False
    model.compile()
    assert set(model.fit(dataset, verbose=0).history) == {"rec_loss", "psnr"}
    assert set(model.evaluate(dataset, verbose=0, return_dict=True)) == {"rec_loss", "psnr"}
