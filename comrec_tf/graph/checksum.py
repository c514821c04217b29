"""CRC-32 in TensorFlow operations: the twin of `zlib.crc32`."""

import zlib

import numpy as np
import tensorflow as tf

__all__ = ["crc32"]

#: Bytes of a block: a power of two.
_BLOCK = 64
#: How often two neighbours of blocks can be put together: files have less than 2 GiB.
_LEVELS = 25
_ONES = 0xFFFFFFFF
#: Digits of four bits: of a byte, of a sum.
_OF_BYTE, _OF_SUM = 2, 8


def crc32(content: tf.Tensor) -> tf.Tensor:
    """Compute the CRC-32 of bytes (ISO 3309, as in PNG and zip).

    The checksum is linear over GF(2): a sum is the exclusive or of what each half of a byte becomes
    over the bytes behind it, which tables say for the place in a block. Of two blocks side by side
    the first one's sum goes over the second, and so on in pairs: some hundred operations, where a
    loop over bytes takes thousands and as many milliseconds as a small network.

    Args:
        content: uint8 (N,).

    Returns:
        int64 (), 0 to 2**32 - 1.
    """
    # A sum that starts at zero is not changed by leading zero bytes; to start at all ones, as
    # CRC-32 does, the first four bytes are inverted instead.
    length = tf.size(content)
    # Sums of 32 bits travel as int32: half the memory of what holds them as they are.
    values = tf.cast(content, tf.int32)
    first = tf.cast(tf.range(tf.maximum(length, 4)) < 4, tf.int32) * 0xFF
    # Of less than four bytes the ones that are left over are added behind the sum.
    padded = tf.pad(values, [[0, tf.maximum(4 - length, 0)]])
    mixed = tf.bitwise.bitwise_xor(padded, first)
    whole = tf.cond(length >= 4, lambda: mixed, lambda: mixed[:0])
    blocks = tf.reshape(tf.pad(whole, [[-tf.size(whole) % _BLOCK, 0]]), [-1, _BLOCK])
    digits = tf.stack([blocks & 15, tf.bitwise.right_shift(blocks, 4)], -1)
    sums = _looked_up(_block_table(), 0, tf.reshape(digits, [-1, _BLOCK * _OF_BYTE]))
    shifts, places = _shift_tables(), tf.range(0, 4 * _OF_SUM, 4)

    def in_pairs(level: tf.Tensor, sums: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pairs = tf.reshape(tf.pad(sums, [[tf.size(sums) % 2, 0]]), [-1, 2])
        digits = tf.bitwise.right_shift(pairs[:, :1], places) & 15
        moved = _looked_up(shifts, level * shifts[0].size, digits)
        return level + 1, tf.bitwise.bitwise_xor(moved, pairs[:, 1])

    _, sums = tf.while_loop(
        lambda _, sums: tf.size(sums) > 1,
        in_pairs,
        (tf.constant(0), sums),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
    )
    # Of no blocks it is 0.
    total = tf.cast(tf.reduce_sum(sums), tf.int64) & _ONES
    table = tf.constant(_byte_table())

    def short() -> tf.Tensor:
        _, result = tf.while_loop(
            lambda index, _: index < length,
            lambda index, result: (
                index + 1,
                _next(table, result, tf.cast(values[index], tf.int64)),
            ),
            (0, tf.constant(_ONES, tf.int64)),
        )
        return result

    return tf.bitwise.bitwise_xor(tf.cond(length >= 4, lambda: total, short), _ONES)


def _looked_up(table: np.ndarray, start: tf.Tensor | int, digits: tf.Tensor) -> tf.Tensor:
    """The exclusive or of a table's entries from `start` on for rows of digits, int32 (N,)."""
    count = digits.shape[-1]
    numbers = tf.constant(table.astype(np.uint32).view(np.int32).ravel())
    values = tf.gather(numbers, digits + start + tf.range(0, 16 * count, 16))
    while count > 1:
        count //= 2
        values = tf.bitwise.bitwise_xor(values[:, :count], values[:, count:])
    return values[:, 0]


def _next(table: tf.Tensor, sums: tf.Tensor, digits: tf.Tensor) -> tf.Tensor:
    low = tf.bitwise.bitwise_xor(sums, digits) & 255
    return tf.bitwise.bitwise_xor(tf.gather(table, low), tf.bitwise.right_shift(sums, 8))


def _raw(value: int, zeros: int) -> int:
    """What the sum `value` becomes over zero bytes, without the inversion at both ends."""
    return zlib.crc32(bytes(zeros), value ^ _ONES) ^ _ONES


def _byte_table() -> np.ndarray:
    return np.array([_raw(value, 1) for value in range(256)], np.int64)


def _block_table() -> np.ndarray:
    """What each digit at each place in a block adds to its sum, (places, 16)."""
    zeros = _BLOCK - np.arange(_BLOCK)
    return np.array(
        [
            [_raw(value << 4 * half, int(behind)) for value in range(16)]
            for behind in zeros
            for half in range(_OF_BYTE)
        ],
        np.int64,
    )


def _shift_tables() -> np.ndarray:
    """What each digit of a sum becomes over 1, 2, 4, ... blocks of zeros, (levels, places, 16)."""
    bits = np.array([_raw(1 << bit, _BLOCK) for bit in range(32)], np.int64)
    levels = []
    for _ in range(_LEVELS):
        levels.append(_moved(bits, np.arange(16) << 4 * np.arange(_OF_SUM)[:, None]))
        bits = _moved(bits, bits)
    return np.stack(levels)


def _moved(bits: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Sums, any shape, after a shift that makes these of single bits."""
    return np.bitwise_xor.reduce(np.where(sums[..., None] >> np.arange(32) & 1, bits, 0), -1)
