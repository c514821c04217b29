"""How a network receives the codec's quality: as one more input channel."""

from typing import Any

import keras

__all__ = ["append_plane"]


def append_plane(pictures: Any, log_step: Any, *, conditioned: bool) -> Any:
    """Append the logarithm of the quantiser step as a constant plane.

    Args:
        pictures: float (N, H, W, C).
        log_step: float (N,) or None.
        conditioned: whether the network takes a step.

    Returns:
        float (N, H, W, C + 1) if `conditioned`, else `pictures`.

    Raises:
        ValueError: `log_step` is missing and `conditioned`, or given and not.
    """
    if conditioned != (log_step is not None):
        expected = "a log_step" if conditioned else "no log_step"
        raise ValueError(
            f"a network with conditioned={conditioned} expects {expected}. "
            f"Received: log_step={log_step}"
        )
    if not conditioned:
        return pictures
    plane = keras.ops.cast(log_step, pictures.dtype)[:, None, None, None]
    # A sum, not a tensor of ones: so its size is known whenever that of the pictures is.
    return keras.ops.concatenate([pictures, 0.0 * pictures[..., :1] + plane], -1)
