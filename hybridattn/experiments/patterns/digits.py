"""The handwritten digits that come with scikit-learn."""

import torch

from hybridattn.errors import ArgumentError
from hybridattn.experiments.patterns.source import Source, tabulated

__all__ = ["digits"]

_WHITE = 16  # the largest grey value of a pixel


def digits() -> Source:
    """Give scikit-learn's 1797 handwritten digits of 8 x 8 pixels, with grey values from -1 to 1.

    The test set of the UCI data set "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998), bundled
    with scikit-learn. Raises ArgumentError where that is not installed: it is in the extra `data`.

    >>> digits().dim, digits().available
    (64, 1797)
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ArgumentError("the digits need scikit-learn: pip install 'hybridattn[data]'") from error
    return tabulated("digits", torch.from_numpy(load_digits().data) / (_WHITE / 2) - 1, shape=(8, 8))
