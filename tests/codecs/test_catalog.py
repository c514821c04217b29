import pytest

from comrec_tf.codecs import catalog


def test_codecs_are_made_by_name_with_their_options():
    codec = catalog.make_codec("avif", chroma_subsampling="4:4:4", speed=8)
    assert (codec.name, codec.chroma_subsampling, codec.speed) == ("avif", "4:4:4", 8)


def test_unknown_names_and_options_are_refused():
    with pytest.raises(ValueError, match="one of jpeg, .* Received: codec=gif"):
        catalog.make_codec("gif")
    with pytest.raises(ValueError, match=r"webp has the options \(none\). Received: speed"):
        catalog.make_codec("webp", speed=1)
    for name, option in (
        ("avif", {"speed": 11}),
        ("jpeg", {"chroma_subsampling": "4:1:1"}),
        ("mozjpeg", {"chroma_subsampling": "none"}),
    ):
        with pytest.raises(ValueError, match="Received: " + next(iter(option))):
            catalog.make_codec(name, **option)
