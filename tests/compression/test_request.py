import shutil

import pytest

from comrec_tf import vocabulary
from comrec_tf.codecs import catalog
from comrec_tf.compact_file import container
from comrec_tf.compression import request
from comrec_tf.images.metadata import Metadata
from comrec_tf.presets import weights
from tests.makers import compressor_of, make_model


def made(**changed):
    default = {"preset": "", "codec": None, "aim": "quality", "value": None, "scale": None}
    return request.Request(**{**default, "metadata": True, **changed})


@pytest.fixture
def compressor():
    return compressor_of([make_model(scale=1), make_model(scale=2)], default_quality=33)


def test_files_end_as_the_codec_or_the_preset_says(tmp_path):
    weights.save_preset(make_model(codec=catalog.make_codec("webp")), tmp_path)
    assert made(preset=tmp_path).suffix == ".webp"
    for name, suffix in vocabulary.CODEC_SUFFIXES.items():
        assert made(preset=tmp_path, codec=name).suffix == suffix


def test_a_preset_without_the_pair_that_is_asked_for_says_so_at_once(tmp_path):
    weights.save_preset(make_model(), tmp_path)
    assert made(preset=tmp_path, scale=2).compressor().scales == (2,)
    assert made(preset=tmp_path).scales == (2,)
    with pytest.raises(ValueError, match="networks for scale 2 alone; .* Received: scale=1"):
        made(preset=tmp_path, scale=1).compressor()


def test_a_fixed_scale_takes_the_quality_as_the_compact_pictures(compressor, photo):
    content, row = made(scale=2).compress(compressor, photo, None)
    assert content == compressor.encode(photo, 33, scale=2).content
    assert (row["scale"], row["quality"], row["psnr"]) == (2, 33, None)
    assert row["bits_per_pixel"] == pytest.approx(8 * len(content) / (128 * 160))


def test_every_other_request_searches(compressor, photo):
    content, row = made(aim="max_bytes", value=2500).compress(compressor, photo, None)
    assert len(content) <= 2500
    assert row["met"] is True
    missed, row = made(aim="max_bytes", value=10).compress(compressor, photo, None)
    assert row["met"] is False
    assert container.read(missed).grey is False


def test_journals_tell_apart_what_makes_other_files(tmp_path):
    weights.save_preset(make_model(), tmp_path / "a")
    given = [{}, {"value": 30}, {"aim": "max_bytes", "value": 30}, {"metadata": False}]
    given.append({"allow_larger": True})
    outcomes = [made(preset=str(tmp_path / "a"), **changed).outcome for changed in given]
    shutil.rmtree(tmp_path / "a")
    weights.save_preset(make_model(depth=6), tmp_path / "a")  # other weights of the same name
    outcomes.append(made(preset=str(tmp_path / "a")).outcome)
    assert all(outcomes.count(one) == 1 for one in outcomes)
    refusing = ({"max_pixels": 5}, {"best_effort": True}, {"first_frame": True})
    for changed in ({"engine": "openvino"}, *refusing):
        assert made(preset=str(tmp_path / "a"), **changed).outcome == outcomes[-1]


def test_metadata_goes_along_unless_it_is_declined(compressor, photo):
    extra = Metadata(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    kept, _ = made(scale=2).compress(compressor, photo, extra)
    bare, _ = made(scale=2, metadata=False).compress(compressor, photo, extra)
    assert b"MM\0*" in kept
    assert b"MM\0*" not in bare


def test_bytes_are_limited_by_file_or_by_pixel():
    assert made(aim="max_bytes", value=500).limit(10_000) == 500
    assert made(aim="bits_per_pixel", value=0.4).limit(10_000) == 500
    for free in (made(), made(aim="psnr", value=30.0), made(value=50)):
        assert free.limit(10_000) == float("inf")


MISSED = {"met": False, "pixels": 10_000, "bytes_after": 1_200, "quality": 1}


def test_a_file_that_is_too_large_is_refused_with_what_makes_it_so():
    small = made(aim="max_bytes", value=500)
    large = Metadata(exif=bytes(700), xmp=bytes(100))
    with pytest.raises(request.TargetMissedError, match="EXIF takes 700 of 500 .* --nometadata"):
        small.check(MISSED, large)
    with pytest.raises(request.TargetMissedError, match="quality 1, takes 1,200 of 500 bytes"):
        small.check(MISSED, Metadata(exif=bytes(100)))
    bare = made(aim="max_bytes", value=500, metadata=False, scale=1)
    with pytest.raises(request.TargetMissedError, match="--scale=auto may find a smaller one"):
        bare.check(MISSED, large)


def test_a_compact_file_that_is_too_large_is_refused_as_it_is():
    kept = {**MISSED, "kept": True, "quality": None}
    with pytest.raises(request.TargetMissedError, match="not compressed again, it takes 1,200 of"):
        made(aim="max_bytes", value=500).check(kept, None)


def test_files_that_fit_or_are_asked_for_anyway_are_taken():
    made(aim="max_bytes", value=500).check({**MISSED, "met": True}, None)
    made(aim="max_bytes", value=500, best_effort=True).check(MISSED, None)
    made(aim="psnr", value=90.0).check(MISSED, None)  # the best there is, and no limit of bytes
