"""CRC-32 in TensorFlow operations: the twin of `zlib.crc32`."""

import zlib

import numpy as np
import tensorflow as tf

__all__ = ["crc32"]

#: Bytes of a block: the sums of all blocks are computed at once, then combined one after the other.
_BLOCK = 256
_ONES = 0xFFFFFFFF


def crc32(content: tf.Tensor) -> tf.Tensor:
    """Compute the CRC-32 of bytes (ISO 3309, as in PNG and zip).

    The checksum is linear over GF(2): a step over one byte is a table, a step over a block of zero
    bytes is a matrix of 32 by 32 bits, here four tables of 256 numbers.

    Args:
        content: uint8 (N,).

    Returns:
        int64 (), 0 to 2**32 - 1.
    """
    # A sum that starts at zero is not changed by leading zero bytes; to start at all ones, as
    # CRC-32 does, the first four bytes are inverted instead.
    length = tf.size(content)
    values = tf.cast(content, tf.int64)
    first = tf.cast(tf.range(tf.maximum(length, 4)) < 4, tf.int64) * 0xFF
    padded = tf.pad(values, [[0, tf.maximum(4 - length, 0)]])
    mixed = tf.bitwise.bitwise_xor(padded, first)
    whole = tf.cond(length >= 4, lambda: mixed, lambda: mixed[:0])
    blocks = tf.reshape(tf.pad(whole, [[-tf.size(whole) % _BLOCK, 0]]), [-1, _BLOCK])
    table = tf.constant(_byte_table())

    def over_byte(index: tf.Tensor, sums: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return index + 1, _next(table, sums, blocks[:, index])

    start = tf.zeros(tf.shape(blocks)[:1], tf.int64)
    _, sums = tf.while_loop(lambda index, _: index < _BLOCK, over_byte, (0, start))
    shift = tf.constant(_block_tables())

    def over_block(index: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        digits = tf.bitwise.right_shift(total, tf.constant([0, 8, 16, 24], tf.int64)) & 255
        parts = tf.gather(shift, digits, batch_dims=1)
        moved = tf.bitwise.bitwise_xor(
            tf.bitwise.bitwise_xor(parts[0], parts[1]), tf.bitwise.bitwise_xor(parts[2], parts[3])
        )
        return index + 1, tf.bitwise.bitwise_xor(moved, sums[index])

    _, total = tf.while_loop(
        lambda index, _: index < tf.size(sums), over_block, (0, tf.zeros([], tf.int64))
    )

    def short() -> tf.Tensor:
        _, result = tf.while_loop(
            lambda index, _: index < length,
            lambda index, result: (index + 1, _next(table, result, values[index])),
            (0, tf.constant(_ONES, tf.int64)),
        )
        return result

    return tf.bitwise.bitwise_xor(tf.cond(length >= 4, lambda: total, short), _ONES)


def _next(table: tf.Tensor, sums: tf.Tensor, digits: tf.Tensor) -> tf.Tensor:
    low = tf.bitwise.bitwise_xor(sums, digits) & 255
    return tf.bitwise.bitwise_xor(tf.gather(table, low), tf.bitwise.right_shift(sums, 8))


def _raw(value: int, zeros: int) -> int:
    """What the sum `value` becomes over zero bytes, without the inversion at both ends."""
    return zlib.crc32(bytes(zeros), value ^ _ONES) ^ _ONES


def _byte_table() -> np.ndarray:
    return np.array([_raw(value, 1) for value in range(256)], np.int64)


def _block_tables() -> np.ndarray:
    return np.array(
        [[_raw(value << bits, _BLOCK) for value in range(256)] for bits in (0, 8, 16, 24)], np.int64
    )
