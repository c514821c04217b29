"""How a network receives what it is told of the coding: as more input channels."""

from typing import Any

import keras

__all__ = ["append_planes"]


def append_planes(
    pictures: Any, log_step: Any, tables: Any = None, *, conditioned: bool, of_tables: bool = False
) -> Any:
    """Append the logarithm of the quantiser step, and what tables say, as constant planes.

    Args:
        pictures: float (N, H, W, C).
        log_step: float (N,) or None.
        tables: float (N, K) or None.
        conditioned: whether the network takes a step.
        of_tables: whether it also takes `tables`; needs `conditioned`.

    Returns:
        float (N, H, W, C + 1 + K), without what the network does not take.

    Raises:
        ValueError: `log_step` or `tables` is missing and taken, or given and not.
    """
    taken = ("log_step", log_step, conditioned), ("tables", tables, conditioned and of_tables)
    for name, value, expected in taken:
        if expected != (value is not None):
            raise ValueError(
                f"a network with conditioned={conditioned}, tables={of_tables} expects "
                f"{'a value' if expected else 'None'} for {name}. Received: {name}={value}"
            )
    if not conditioned:
        return pictures
    planes = keras.ops.cast(log_step, pictures.dtype)[:, None]
    if tables is not None:
        planes = keras.ops.concatenate([planes, keras.ops.cast(tables, pictures.dtype)], -1)
    # A sum, not a tensor of ones: so its size is known whenever that of the pictures is.
    planes = 0.0 * pictures[..., :1] + planes[:, None, None, :]
    return keras.ops.concatenate([pictures, planes], -1)
