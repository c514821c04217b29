"""SSIMULACRA2: how good a restored picture looks to people, fast, in NumPy.

The metric of Jon Sneyers (Cloudinary, 2022; github.com/cloudinary/ssimulacra2). A test compares it
with the PyPI package `ssimulacra2` 0.3.0, which takes several times as long. It is fast because the
original is processed once, however many pictures are compared with it; all is float32, as in the
reference in C++; and features with weights below a hundredth are left out, together less than a
ten-thousandth of the error: of the finest scale only luma counts, of the coarsest nothing.

Errors are given for blocks of `BLOCK` pixels of the picture, so that parts can be judged. Besides
the errors of the metric there is the structural error of the luma, as in SSIM (Wang et al. 2004).
"""

from collections.abc import Iterator

import numpy as np

from comrec_tf.compression.ssimulacra2_weights import WEIGHTS
from comrec_tf.images import color, gaussian
from comrec_tf.images.gaussian import RADIUS

__all__ = ["BLOCK", "SMALLEST", "Original", "score", "ssimulacra2", "structure"]

#: Side of the blocks that errors are given for, in pixels of the picture.
BLOCK = 64
#: The smallest side of a picture that still has eight pixels at each scale.
SMALLEST = 113

_NUM_SCALES = 5
#: The finest scales, at which every second pixel is enough, see `Original`.
_NUM_SPARSE = 2
_LEAST_WEIGHT = 0.01
#: Samples that are mixed by one product; `gaussian` says why not more.
_PRODUCT = 1 << 14
#: Samples that are worked on at a time: they and what is made of them fit into a core's cache.
_BAND = 1 << 17
_C1, _C2 = np.float32(0.0001), np.float32(0.0009)

# From linear RGB to the mixtures whose cube roots are the eye's, as in JPEG XL.
_MIX = np.array(
    [
        [0.30, 0.622, 0.078],
        [0.23, 0.692, 0.078],
        [0.24342268924547819, 0.20476744424496821, 0.55180986650955360],
    ],
    np.float32,
)
_BIAS = 0.0037930732552754493
# From the cube roots (L, M, S) to X, Y and B - Y, stretched and moved so as to be positive.
_OPPONENTS = np.array([[7.0, -7.0, 0.0], [0.5, 0.5, 0.0], [-0.5, -0.5, 1.0]], np.float32)
_OFFSETS = np.array([0.42, 0.01, 0.55], np.float32) - _OPPONENTS.sum(1) * np.float32(np.cbrt(_BIAS))

#: Features that count, by scale: channel and place in the last axis of the weights.
_FEATURES = [np.argwhere(WEIGHTS[:, scale] >= _LEAST_WEIGHT) for scale in range(_NUM_SCALES)]
#: Weights of the features in the order of `Original.errors`, and which are fourth norms. The first
#: one does not belong to the metric: it is the structural error of the luma.
_FLAT_WEIGHTS = np.concatenate(
    [[0.0], *(WEIGHTS[f[:, 0], scale, f[:, 1]] for scale, f in enumerate(_FEATURES))]
)
_FOURTH = np.concatenate([[False], *(features[:, 1] >= 3 for features in _FEATURES)])

_LINEAR = np.arange(256) / 255.0
_LINEAR = np.where(_LINEAR <= 0.04045, _LINEAR / 12.92, ((_LINEAR + 0.055) / 1.055) ** 2.4)
_LINEAR = _LINEAR.astype(np.float32)


def ssimulacra2(original: np.ndarray, restored: np.ndarray) -> float:
    """Score how close a restored picture looks to its original; see `Original` and `score`."""
    return score(Original(original).errors(restored).sum((1, 2)))


def score(errors: np.ndarray) -> float:
    """Turn errors into the metric's score.

    Args:
        errors: float (features,), what `Original.errors` gives, summed over all blocks.

    Returns:
        100 for equal pictures; at 90 nobody sees a difference, 70 is high, 50 medium, 30 low
        quality; below zero for the worst.
    """
    errors = np.maximum(errors, 0.0)
    error = 0.9562382616834844 * float(_FLAT_WEIGHTS @ np.where(_FOURTH, errors**0.25, errors))
    error = (
        2.326765642916932 * error
        - 0.020884521182843837 * error**2
        + 6.248496625763138e-05 * error**3
    )
    return 100.0 - 10.0 * max(error, 0.0) ** 0.6276336467831387


def structure(errors: np.ndarray) -> float:
    """Turn errors into structural similarity: SSIM of the luma, except at the picture's rim.

    Args:
        errors: as in `score`.

    Returns:
        At most 1, for equal pictures.
    """
    return 1.0 - float(errors[0])


class Original:
    """A picture that others are compared with.

    A grey picture counts as a colour picture. One with a side of less than `SMALLEST` pixels, for
    which the metric is not defined, is extended by mirroring.

    Args:
        picture: uint8 (H, W, 3) sRGB or (H, W, 1) grey.
        sparse: whether errors of the finest scales are only taken at every second row and column.
            After the blur neighbours are similar, so scores differ by a few hundredths of a point,
            and comparing takes little more than half the time.

    Raises:
        ValueError: the picture is of another shape.
    """

    def __init__(self, picture: np.ndarray, sparse: bool = False) -> None:
        if picture.ndim != 3 or picture.shape[-1] not in (1, 3) or 0 in picture.shape:
            raise ValueError(
                f"expected a picture of shape (H, W, 1 or 3). Received: shape={picture.shape}"
            )
        self._shape = picture.shape
        picture = _continued(picture)
        self._steps = [2 if sparse and scale < _NUM_SPARSE else 1 for scale in range(_NUM_SCALES)]
        self._scales = [
            (planes, _means(planes, scale, self._steps[scale]))
            for scale, planes in _scales(picture)
        ]
        luma = _luma(picture)
        self._luma = luma, _means(luma, 0, self._steps[0])

    def errors(self, restored: np.ndarray) -> np.ndarray:
        """Compare.

        Args:
            restored: uint8 of the original's shape.

        Returns:
            float64 (features, blocks down, blocks across), at least 1 of each: what each block of
            `BLOCK` pixels adds to each error of the picture.

        Raises:
            ValueError: the shapes differ.
        """
        restored = self._checked(restored)
        pairs = zip(self._scales, _scales(restored), strict=True)
        errors = [_compare_luma(*self._luma, _luma(restored), self._steps[0])]
        errors += [
            _compare(*mine, other, scale, self._steps[scale]) for mine, (scale, other) in pairs
        ]
        # The last block may be too small to have a pixel at a coarse scale.
        _, rows, columns = errors[0].shape
        return np.concatenate([_padded(planes, rows, columns) for planes in errors])

    def structure(self, restored: np.ndarray) -> float:
        """Measure structure alone, faster than `structure` of all errors.

        Args:
            restored: uint8 of the original's shape.

        Returns:
            At most 1.

        Raises:
            ValueError: the shapes differ.
        """
        luma = _luma(self._checked(restored))
        return structure(_compare_luma(*self._luma, luma, self._steps[0]).sum((1, 2)))

    def _checked(self, restored: np.ndarray) -> np.ndarray:
        if restored.shape != self._shape:
            raise ValueError(
                f"expected a picture of shape {self._shape}. Received: shape={restored.shape}"
            )
        return _continued(restored)


def _continued(picture: np.ndarray) -> np.ndarray:
    missing = [max(0, SMALLEST - side) for side in picture.shape[:2]]
    if not any(missing):
        return picture
    return np.pad(picture, [(0, missing[0]), (0, missing[1]), (0, 0)], "symmetric")


def _luma(picture: np.ndarray) -> np.ndarray:
    """Take the luma: float32 (1, H, W), 0 to 1, extended above and below for the blur."""
    luma = (color.luma(picture) / 255.0).astype(np.float32)
    return np.pad(luma, [(RADIUS, RADIUS), (0, 0)], "symmetric")[None]


def _scales(picture: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Give the planes X, Y and B - Y that count at each scale: float32 (1 to 3, H, W), extended."""
    linear = np.empty((3, *picture.shape[:2]), np.float32)
    for plane, channel in zip(
        linear, (0, 1, 2) if picture.shape[-1] == 3 else (0, 0, 0), strict=True
    ):
        np.take(_LINEAR, picture[..., channel], out=plane, mode="clip")  # "raise" would copy
    for scale in range(_NUM_SCALES):
        if scale:
            linear = _halved(linear)
        yield scale, _opponents(linear, _channels(scale))


def _channels(scale: int) -> list[int]:
    return sorted(set(_FEATURES[scale][:, 0].tolist()))


def _halved(planes: np.ndarray) -> np.ndarray:
    """Average blocks of 2x2; the last ones of an odd side are smaller."""
    height, width = planes.shape[1:]
    if height % 2 or width % 2:
        planes = np.pad(planes, [(0, 0), (0, height % 2), (0, width % 2)], "edge")
    rows = planes[:, ::2] + planes[:, 1::2]
    return (rows[..., ::2] + rows[..., 1::2]) * np.float32(0.25)


def _opponents(linear: np.ndarray, channels: list[int]) -> np.ndarray:
    """Turn linear RGB into opponent colours, extended above and below for the blur."""
    _, height, width = linear.shape
    # The cube root of S is needed for B - Y alone.
    mixtures = 3 if 2 in channels else 2
    matrix = _OPPONENTS[:mixtures, :mixtures]
    result = np.empty((len(channels), height + 2 * RADIUS, width), np.float32)
    rows = max(1, _PRODUCT // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        band = np.ascontiguousarray(linear[:, top:bottom]).reshape(3, -1)
        roots = np.cbrt(_MIX[:mixtures] @ band + np.float32(_BIAS))
        colours = (matrix @ roots)[channels] + _OFFSETS[channels, None]
        place = result[:, top + RADIUS : bottom + RADIUS]
        place[...] = colours.reshape(place.shape)
    result[:, :RADIUS] = result[:, 2 * RADIUS - 1 : RADIUS - 1 : -1]
    result[:, -RADIUS:] = result[:, -RADIUS - 1 : -2 * RADIUS - 1 : -1]
    return result


def _means(planes: np.ndarray, scale: int, step: int) -> np.ndarray:
    """Blur an extended picture in the bands of `_compare`: equal pictures give equal means."""
    shape = (len(planes), planes.shape[1] - 2 * RADIUS, planes.shape[2])
    bands = [planes[:, top : bottom + 2 * RADIUS] for top, bottom in _bands(shape, scale)]
    return np.concatenate([gaussian.blur(band, step) for band in bands], axis=1)


def _bands(shape: tuple[int, ...], scale: int) -> Iterator[tuple[int, int]]:
    """Give the first and last rows of bands that fit into the cache, in whole blocks."""
    channels, height, width = shape
    block = BLOCK >> scale
    size = max(1, _BAND // (channels * width) // block) * block
    for top in range(0, height, size):
        yield top, min(top + size, height)


def _compare(
    original: np.ndarray, means: np.ndarray, restored: np.ndarray, scale: int, step: int
) -> np.ndarray:
    """Compare the planes of one scale: errors (features of the scale, blocks down, across)."""
    channels = _channels(scale)
    parts = []
    for top, bottom in _bands(_inner(original).shape, scale):
        seen = slice(top, bottom + 2 * RADIUS)
        mean_a = means[:, top // step : -(-bottom // step)]
        maps = _maps(original[:, seen], restored[:, seen], mean_a, scale, step)
        sums = {}
        for index, errors in maps:
            sums[index] = _block_sums(errors, scale, step)
            fourth = np.square(errors, out=errors)
            sums[index + 3] = _block_sums(np.square(fourth, out=fourth), scale, step)
        parts.append([sums[index][channels.index(c)] for c, index in _FEATURES[scale].tolist()])
    return np.concatenate(parts, axis=1) / means[0].size


def _compare_luma(
    original: np.ndarray, means: np.ndarray, restored: np.ndarray, step: int
) -> np.ndarray:
    """Compare the luma of both: structural errors (1, blocks down, across)."""
    parts = []
    for top, bottom in _bands(_inner(original).shape, 0):
        seen = slice(top, bottom + 2 * RADIUS)
        a, b = original[:, seen], restored[:, seen]
        mean_a, mean_b = means[:, top // step : -(-bottom // step)], gaussian.blur(b, step)
        scale = np.square(mean_a) + np.square(mean_b) + _C1
        errors = _structural_error(a, b, mean_a, mean_b, scale, step)
        parts.append(_block_sums(errors, 0, step))
    return np.concatenate(parts, axis=1) / means[0].size


def _structural_error(
    a: np.ndarray,
    b: np.ndarray,
    mean_a: np.ndarray,
    mean_b: np.ndarray,
    scale: np.ndarray | float,
    step: int,
) -> np.ndarray:
    """Map 1 - SSIM; a difference of means counts by its square over `scale`."""
    product = mean_a * mean_b
    difference = np.square(mean_a - mean_b)
    numerator = gaussian.blur(a * b, step)
    numerator -= product
    numerator *= 2
    numerator += _C2
    # The squares of both means are their product twice and the square of their difference.
    denominator = gaussian.blur(a * a + b * b, step)
    denominator -= 2 * product
    denominator -= difference
    denominator += _C2
    numerator *= 1 - difference / scale
    numerator /= denominator
    return np.maximum(1 - numerator, 0)


def _maps(
    a: np.ndarray, b: np.ndarray, mean_a: np.ndarray, scale: int, step: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Give the maps that count: structural error (0), ringing (1), blur (2); none is below zero."""
    mean_b = gaussian.blur(b, step)
    places = set((_FEATURES[scale][:, 1] % 3).tolist())
    if 0 in places:
        yield 0, _structural_error(a, b, mean_a, mean_b, 1.0, step)
    ratio = 1 + np.abs(_inner(b)[:, ::step, ::step] - mean_b)
    ratio /= 1 + np.abs(_inner(a)[:, ::step, ::step] - mean_a)
    ratio -= 1
    if 1 in places:
        yield 1, np.maximum(ratio, 0)
    if 2 in places:
        yield 2, np.maximum(-ratio, 0)


def _inner(planes: np.ndarray) -> np.ndarray:
    """What a continued picture was before."""
    return planes[:, RADIUS:-RADIUS]


def _block_sums(planes: np.ndarray, scale: int, step: int) -> np.ndarray:
    block = (BLOCK >> scale) // step
    rows = np.add.reduceat(planes, range(0, planes.shape[1], block), axis=1)
    return np.add.reduceat(rows, range(0, planes.shape[2], block), axis=2).astype(np.float64)


def _padded(planes: np.ndarray, rows: int, columns: int) -> np.ndarray:
    _, height, width = planes.shape
    return np.pad(planes, [(0, 0), (0, rows - height), (0, columns - width)])
