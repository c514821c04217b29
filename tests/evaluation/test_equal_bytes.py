import numpy as np

from comrec_tf.evaluation import equal_bytes, systems

PICTURE = np.zeros((8, 8, 1), np.uint8)


class Sizes(systems.System):
    """A system whose files have given sizes."""

    def __init__(self, name, sizes):
        self.name = name
        self.settings = sizes

    def encode(self, picture, setting):
        return bytes(setting)

    def decode(self, content, channels):
        return PICTURE

    def encode_near(self, picture, num_bytes):
        return bytes(min(self.settings, key=lambda size: abs(size - num_bytes)))


def sizes_of(found):
    return {name: len(content) for name, content in found.items()}


def test_the_others_take_the_size_of_the_first():
    coarse, fine = Sizes("coarse", [900, 1100]), Sizes("fine", range(1, 2000, 7))
    found = equal_bytes.encode_equally([coarse, fine], PICTURE, 1090)
    assert sizes_of(found) == {"coarse": 1100, "fine": 1100}


def test_a_size_that_suits_all_is_looked_for_near_the_wanted_one():
    first, second = Sizes("first", [900, 960, 1000, 1060]), Sizes("second", [500, 970, 1030])
    found = equal_bytes.encode_equally([first, second], PICTURE, 1000)
    assert sizes_of(found) == {"first": 960, "second": 970}


def test_a_system_without_a_file_of_that_size_is_left_out():
    all_three = [Sizes("first", [1000]), Sizes("far", [500, 1021]), Sizes("near", [981, 1300])]
    assert sizes_of(equal_bytes.encode_equally(all_three, PICTURE, 990)) == {
        "first": 1000,
        "near": 981,
    }


def test_real_codecs_and_a_preset_meet_within_two_per_cent(photo, compressor):
    compared = [systems.of_codec("jpeg"), systems.of_codec("webp")]
    compared += systems.of_preset("tiny", compressor)
    found = sizes_of(equal_bytes.encode_equally(compared, photo, 4000))
    assert set(found) == {"jpeg", "webp", "tiny"}
    assert abs(found["jpeg"] - 4000) < 0.2 * 4000
    for size in found.values():
        assert abs(size - found["jpeg"]) <= 0.02 * found["jpeg"]
