from comrec_tf.compact_file.boxes import box, boxes


def test_what_is_put_into_boxes_is_found_in_their_order():
    content = box(b"ftyp", b"avif") + box(b"free", b"") + box(b"mdat", bytes(300))
    assert list(boxes(content)) == [(b"ftyp", b"avif"), (b"free", b""), (b"mdat", bytes(300))]


def test_a_size_of_64_bits_and_one_to_the_end_are_understood():
    large = b"\0\0\0\1mdat" + (20).to_bytes(8, "big") + b"four"
    last = b"\0\0\0\0uuid" + b"the rest"
    assert list(boxes(large + last)) == [(b"mdat", b"four"), (b"uuid", b"the rest")]


def test_sizes_that_lie_end_the_list():
    assert list(boxes(b"")) == []
    assert list(boxes(b"\0\0\0\7ftypavif")) == []
    assert list(boxes(b"\0\0\0\1mdat" + (3).to_bytes(8, "big") + b"four")) == []
    assert list(boxes(box(b"ftyp", b"avif") + b"\0\0\1\0mdatcut")) == [
        (b"ftyp", b"avif"),
        (b"mdat", b"cut"),
    ]
