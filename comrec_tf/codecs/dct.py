"""JPEG's transform of blocks, and the order of what it gives."""

import numpy as np

__all__ = ["BLOCK", "DCT", "FROM_ZIGZAG", "ZIGZAG"]

#: Side of a block in pixels.
BLOCK = 8


def _matrix() -> np.ndarray:
    positions = np.arange(BLOCK)
    basis = np.cos((2 * positions[None] + 1) * positions[:, None] * np.pi / (2 * BLOCK)) / 2
    basis[0] /= np.sqrt(2)
    return np.kron(basis, basis).astype(np.float32)


#: The orthonormal 8x8 DCT-II of T.81 A.3.3, 64 coefficients by 64 pixels of a block, float32.
DCT = _matrix()


def _zigzag() -> np.ndarray:
    rows, columns = np.indices((BLOCK, BLOCK))
    diagonal = rows + columns
    along = np.where(diagonal % 2, rows, columns)
    return np.lexsort((along.ravel(), diagonal.ravel()))


#: The coefficients, rows of vertical frequency, in their order in files (T.81, A.6).
ZIGZAG = _zigzag()
#: The position in the file of each coefficient.
FROM_ZIGZAG = np.argsort(ZIGZAG)
