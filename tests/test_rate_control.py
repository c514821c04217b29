from comrec_tf import rate_control


def test_the_largest_quality_that_fits_is_found_with_few_encodes():
    tried = []

    def encode(quality):
        tried.append(quality)
        return bytes(10 * quality)

    assert rate_control.largest_quality(encode, range(1, 101), 425) == (42, bytes(420))
    assert len(tried) <= 7


def test_all_and_nothing_may_fit():
    def encode(quality):
        return bytes(10 * quality)

    assert rate_control.largest_quality(encode, range(1, 101), 5000)[0] == 100
    assert rate_control.largest_quality(encode, range(1, 101), 9) is None
