import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.images import limits


def encoded(pixels, form, **options):
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def with_scans(photo, number):
    """A progressive JPEG whose last scan is repeated until it has so many."""
    content = encoded(photo, "JPEG", progressive=True, quality=50)
    starts = [at for at in range(len(content) - 1) if content[at : at + 2] == b"\xff\xda"]
    last = content[starts[-1] : -2]
    return content[:-2] + last * (number - len(starts)) + content[-2:]


def test_pictures_and_files_have_a_largest_size():
    limits.check_pixels(100, 50, 5_000)
    with pytest.raises(ValueError, match="at most 5,000 pixels .* Received: 101x50"):
        limits.check_pixels(101, 50, 5_000)
    limits.check_bytes(2**26 + 8 * 5_000, 5_000)
    with pytest.raises(ValueError, match="Received: 67,148,865"):
        limits.check_bytes(2**26 + 8 * 5_000 + 1, 5_000)


def test_scans_of_a_jpeg_are_counted(photo):
    limits.check_content(encoded(photo, "JPEG"))
    limits.check_content(with_scans(photo, 100))
    with pytest.raises(ValueError, match="at most 100 scans"):
        limits.check_content(with_scans(photo, 101))


def test_what_stands_in_segments_and_behind_the_picture_is_no_scan(photo):
    scans = b"\xff\xda\0\2" * 200
    content = encoded(photo, "JPEG", comment=scans, exif=b"Exif\0\0" + scans)
    limits.check_content(content + scans)  # as a phone's film behind its photo
    limits.check_content(content[:-2])
    limits.check_content(b"\xff\xd8")


@pytest.mark.parametrize("boxes", [True, False])
def test_a_jpeg_2000_file_must_be_whole(photo, boxes):
    content = encoded(photo, "JPEG2000", no_jp2=not boxes)
    limits.check_content(content)
    for end in (len(content) - 1, len(content) - 100, 60):
        with pytest.raises(ValueError, match="cut short|no picture"):
            limits.check_content(content[:end])


@pytest.mark.parametrize(
    ("form", "num_bytes", "size"),
    [
        ("JPEG2000", 1_181, (131_000, 256)),
        ("AVIF", 1_500, (12_000, 12_000)),
        ("WEBP", 34, (12_200, 12_200)),
        ("JPEG", 285, (12_200, 12_200)),
        ("GIF", 1_505, (12_000, 12_000)),
        ("TIFF", 1_998, (12_000, 12_000)),
        ("MPO", 285, (1_000, 1_000)),
    ],
)
def test_a_file_declares_no_more_than_its_bytes_hold(form, num_bytes, size):
    with pytest.raises(ValueError, match=f"pixels in a {form} file of .* Received: {size[0]}x"):
        limits.check_density(*size, num_bytes, form)
    limits.check_density(*size, 1_000_000, form)
    limits.check_density(*size, num_bytes, "PNG")  # cannot declare so much
    limits.check_density(*size, num_bytes, None)


@pytest.mark.parametrize("form", ["JPEG2000", "AVIF", "WEBP", "JPEG", "GIF"])
def test_an_empty_picture_of_ordinary_size_is_taken(form):
    content = encoded(np.full((1500, 2000, 3), 255, np.uint8), form)
    limits.check_density(2000, 1500, len(content), form)
    limits.check_content(content)


def test_the_smallest_jpeg_there_can_be_is_taken():
    """All grey, a bit for each block and scan: what a file of Huffman codes cannot go below."""
    flat = PIL.Image.new("L", (8_000, 4_000), 128)
    buffer = io.BytesIO()
    flat.save(buffer, "JPEG", quality=1, optimize=True, progressive=True)
    assert flat.width * flat.height > 200 * len(buffer.getvalue())
    limits.check_density(*flat.size, len(buffer.getvalue()), "JPEG")


def test_files_of_other_formats_are_not_checked(photo):
    for form in ("PNG", "WEBP", "GIF"):
        limits.check_content(encoded(photo, form))
    limits.check_content(b"")
