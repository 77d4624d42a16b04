"""Local attention: a window of keys around the place that a query is about."""

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["PredictedWindow", "monotonic_window"]


def monotonic_window(q: int, n: int, reach: int, *, device: torch.device | str | None = None) -> Tensor:
    """Give the mask (q, n) by which query i reads keys i - reach to i + reach ("local-m", Luong et al. 2015, 3.2).

    >>> monotonic_window(2, 4, 1).int().tolist()
    [[1, 1, 0, 0], [1, 1, 1, 0]]
    """
    _check_reach(reach)
    places = torch.arange(q, device=device)[:, None]
    return (torch.arange(n, device=device) - places).abs() <= reach


class PredictedWindow(nn.Module):
    """A window around a place that the query predicts, with a Gaussian ("local-p").

    p = n sigmoid(v . tanh(W q)); keys from p - reach to p + reach are read, and their scores have
    -(s - p)^2 / (2 (reach / 2)^2) added, so that their weights before normalising are multiplied by a Gaussian (Luong
    et al. 2015, arXiv 1508.04025, eq. 9 and 10, where normalised weights are; `read` divides by their sum). Places are
    counted from 0 to n - 1: p is scaled by n - 1 here. The gradient goes through the Gaussian.

    Args:
        dim: width of queries.
        hidden: units of the network.
        reach: D, how many keys to each side, at least 1.
        generator: where weights start, normal of variance 1 / width.
    """

    def __init__(self, dim: int, hidden: int, reach: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if dim < 1 or hidden < 1:
            raise ArgumentError(f"dim and hidden must be at least 1; got {dim} and {hidden}")
        _check_reach(reach, least=1)
        self.reach = reach
        self.weight = nn.Parameter(torch.randn(hidden, dim, generator=generator) / dim**0.5)
        self.vector = nn.Parameter(torch.randn(hidden, generator=generator) / hidden**0.5)

    def place(self, query: Tensor, n: int) -> Tensor:
        """Predict for queries (..., q, d) the place among n keys: (..., q), in [0, n - 1]."""
        if query.shape[-1] != self.weight.shape[1]:
            raise ShapeError(f"query must end in dim={self.weight.shape[1]}; got shape {tuple(query.shape)}")
        weight, vector = self.weight.to(query.dtype), self.vector.to(query.dtype)
        return (n - 1) * torch.sigmoid((query @ weight.T).tanh() @ vector)

    def forward(self, query: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Give mask and prior, (..., q, n) each, for `read`."""
        away = torch.arange(n, device=query.device) - self.place(query, n).unsqueeze(-1)
        return away.detach().abs() <= self.reach, -away.square() / (2 * (self.reach / 2) ** 2)


def _check_reach(reach: int, least: int = 0) -> None:
    if reach < least:
        raise ArgumentError(f"reach must be at least {least}; got {reach}")
