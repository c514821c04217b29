import sys

import numpy as np
import pytest

import comrec_tf
from comrec_tf.compact_file import container
from comrec_tf.evaluation import systems
from comrec_tf.images import metrics


@pytest.mark.parametrize("name", systems.CODECS)
def test_every_codec_makes_larger_and_better_files_of_grey_and_color(name, photo, grey_photo):
    if name in ("jpeg-xl", "jpegxl-lossy"):
        pytest.importorskip("imagecodecs")
    system = systems.of_codec(name)
    assert list(system.settings) == sorted(system.settings)
    for picture in (photo, grey_photo):
        files = [system.encode(picture, setting) for setting in system.settings[::4]]
        restored = [system.decode(file, picture.shape[-1]) for file in files]
        assert all(one.shape == picture.shape for one in restored)
        assert [len(file) for file in files] == sorted(len(file) for file in files)
        quality = [metrics.psnr(picture, one) for one in restored]
        assert quality == sorted(quality)
        assert quality[-1] > 27


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
def test_the_file_nearest_to_a_size_is_found_by_trying_every_quality(name, photo):
    system = systems.of_codec(name)
    sizes = [len(system.encode(photo, quality)) for quality in range(1, 101, 3)]
    for wanted in (sizes[0] - 50, sizes[10] + 7, sizes[-1] + 50):
        near = len(system.encode_near(photo, wanted))
        assert abs(near - wanted) <= min(abs(size - wanted) for size in sizes)


def test_two_pictures_one_after_the_other_do_not_share_files(photo, grey_photo):
    system = systems.of_codec("jpeg")
    first = system.encode_near(photo, 3000)
    assert system.encode_near(grey_photo, 3000) != first
    assert system.encode_near(photo, 3000) == first


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("jpegxl-lossy", "imagecodecs"),
        ("jpeg-xl", "imagecodecs"),
        ("mozjpeg", "pyvips"),
        ("jpegli", "pyjpegli"),
    ],
)
def test_a_codec_whose_package_is_missing_says_so_at_once(name, package, monkeypatch):
    pytest.importorskip(package)
    assert name in systems.installed_codecs()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=f"{name} needs {package}"):
        systems.of_codec(name)
    assert name not in systems.installed_codecs()


def test_an_unknown_codec_is_refused():
    with pytest.raises(ValueError, match="Received: codec=tiff"):
        systems.of_codec("tiff")


def test_a_preset_is_a_system_and_each_of_its_scales_if_asked(compressor, photo):
    (alone,) = systems.of_preset("tiny", compressor)
    auto, one, two = systems.of_preset("tiny", compressor, each_scale=True)
    assert alone.name == auto.name == "tiny"
    assert [one.name, two.name] == ["tiny scale 1", "tiny scale 2"]
    assert container.read(two.encode(photo, 40)).scale == 2
    np.testing.assert_array_equal(
        two.decode(two.encode(photo, 40), 3),
        compressor.decode(compressor.encode(photo, 40, 2).content),
    )


def test_a_preset_restores_with_the_effort_that_is_asked_for(compressor, photo):
    systems_of_preset = systems.of_preset("tiny", compressor, each_scale=True, restore_effort=3)
    content = compressor.encode(photo, 40, 1).content
    expected = compressor.decode(content, effort=3)
    assert (expected != compressor.decode(content)).any()
    for system in systems_of_preset:
        np.testing.assert_array_equal(system.decode(content, 3), expected)


def test_rate_control_makes_the_files_that_compress_would(compressor, photo):
    (auto,) = systems.of_preset("tiny", compressor)
    for quality in (10, 40):
        expected = compressor.encode_to(photo, comrec_tf.Target("quality", quality)).content
        assert auto.encode(photo, quality) == expected


def test_a_preset_comes_near_a_size_from_both_sides(compressor, photo):
    (auto,) = systems.of_preset("tiny", compressor)
    for wanted in (2500, 4000, 4100, 4200):
        assert abs(len(auto.encode_near(photo, wanted)) - wanted) <= 0.04 * wanted


def test_rate_control_is_measured_at_both_ends_of_the_plain_curve_and_at_every_other_quality(
    compressor,
):
    plain = systems.of_codec("jpeg").settings
    (few,) = systems.of_preset("tiny", compressor)
    (every,) = systems.of_preset("tiny", compressor, every_quality=True)
    assert every.settings == plain
    assert set(few.settings) < set(plain)
    assert (few.settings[0], few.settings[-1]) == (plain[0], plain[-1])
    assert len(few.settings) == len(plain) // 2 + 1
