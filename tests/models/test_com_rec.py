import keras
import numpy as np
import pytest
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.other_formats import WebpCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from tests.makers import batch_for, make_model, stir

KINDS = [
    {},
    {"scale": 1},
    {"channels": 1, "conditioned": False},
    {"resolution": "full", "depth": 3},
]


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


def test_networks_are_told_what_the_encoder_of_their_scale_does():
    for scale in (1, 2):
        model = make_model(scale=scale, codec=FlatJpegCodec())
        assert model.codec.scale == 0  # as the card and the other pair have it
        step = 16 * np.exp(model.log_step(tf.constant([40])).numpy())
        np.testing.assert_allclose(step, FlatJpegCodec(scale=scale).step(40), rtol=1e-6)


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
