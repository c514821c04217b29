"""A larger RecCNN that starts with the function of a trained smaller one.

Training a large network from the start repeats what a small one has already learnt. So training
starts with the small one's function and learns from there (Chen et al. 2015, "Net2Net", arXiv
1511.05641).
"""

from typing import Any

from comrec_tf.models.rec_cnn import RecCNN

__all__ = ["grown"]


def grown(rec: RecCNN, *, depth: int, filters: int, tables: bool) -> RecCNN:
    """Make a larger network that computes what a smaller one computes.

    New feature maps start at random, with zero weights towards the old ones; new residual blocks
    follow the others and start as the identity; what the network is newly told has zero weights. So
    no output changes, and gradients reach the new weights from the first step on.

    Args:
        rec: the smaller network, of ``resolution="compact"``: the batch norm of "full" has no such
            start.
        depth: number of convolutions, even, at least that of `rec`.
        filters: feature maps, at least those of `rec`.
        tables: whether it is told the tables, as it must be where `rec` is.

    Returns:
        A new network.

    Raises:
        ValueError: the network is of another resolution, would become smaller or be told less, or
            is not told the step.
    """
    if rec.resolution != "compact":
        raise ValueError(
            f'growing needs resolution="compact". Received: resolution={rec.resolution!r}'
        )
    if depth < rec.depth or filters < rec.filters:
        raise ValueError(
            f"a grown network must have at least depth={rec.depth} and filters={rec.filters}. "
            f"Received: depth={depth}, filters={filters}"
        )
    if rec.tables and not tables:
        raise ValueError("a grown network must be told as much: expected tables=True")
    larger = RecCNN.from_config(
        {**rec.get_config(), "depth": depth, "filters": filters, "tables": tables}
    )
    _copy(rec.head, larger.head)
    # The extra layers of `larger` keep their start, the identity.
    for old, new in zip(rec.body, larger.body, strict=False):
        _copy(old, new)
    _copy(rec.residual, larger.residual)
    return larger


def _copy(old: Any, new: Any) -> None:
    """Copy the weights of a smaller convolution; its outputs get zero weights from new inputs."""
    kernel, bias = new.get_weights()
    old_kernel, old_bias = old.get_weights()
    inputs, outputs = old_kernel.shape[2:]
    kernel[..., :outputs] = 0.0
    kernel[:, :, :inputs, :outputs] = old_kernel
    bias[:outputs] = old_bias
    new.set_weights([kernel, bias])
