"""Two sentences compared word by word, without any recurrence."""

import torch
from torch import Tensor, nn

from hybridattn.attention.check import check_places
from hybridattn.attention.read import read
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["DecomposableAttention"]


class DecomposableAttention(nn.Module):
    """Attend, compare, aggregate (Parikh et al. 2016, arXiv 1606.01933, section 3).

    With e_ij = F(a_i) . F(b_j): beta_i reads b by softmax_j(e_ij) and alpha_j reads a by softmax_i(e_ij) (eq. 1 and
    2); v_1i = G([a_i, beta_i]) and v_2j = G([b_j, alpha_j]) (eq. 3); the sums of both go into H (eq. 4 and 5).

    Args:
        dim: width of the words.
        hidden: units of the networks F, G and H, of two layers each.
        classes: how many numbers come out.
    """

    def __init__(self, dim: int, hidden: int, classes: int) -> None:
        super().__init__()
        if min(dim, hidden, classes) < 1:
            raise ArgumentError(f"dim, hidden and classes must be at least 1; got {dim}, {hidden} and {classes}")
        self.dim = dim
        self.attend, self.compare = _network(dim, hidden), _network(2 * dim, hidden)
        self.aggregate = nn.Sequential(_network(2 * hidden, hidden), nn.Linear(hidden, classes))

    def forward(
        self, first: Tensor, second: Tensor, *, first_mask: Tensor | None = None, second_mask: Tensor | None = None
    ) -> Tensor:
        """Compare sentences (b, m, dim) and (b, n, dim): (b, classes).

        Masks (b, m) and (b, n), bool, are True where there is a word, whatever stands elsewhere; None is everywhere.
        What reads a sentence without words reads 0. Raises ShapeError, and ArgumentError for a mask that is not bool.
        """
        first, second = self._sentences(first, second, first_mask, second_mask)
        beta, alpha = self._aligned(first, second, first_mask, second_mask)
        sides = ((first, beta, first_mask), (second, alpha, second_mask))
        return self.aggregate(torch.cat([self._summed(*side) for side in sides], -1))  # type: ignore[no-any-return]

    def aligned(
        self, first: Tensor, second: Tensor, *, first_mask: Tensor | None = None, second_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Give what each word reads of the other sentence: beta (b, m, dim) and alpha (b, n, dim).

        Arguments and errors as for `forward`.
        """
        return self._aligned(*self._sentences(first, second, first_mask, second_mask), first_mask, second_mask)

    def _aligned(
        self, first: Tensor, second: Tensor, first_mask: Tensor | None, second_mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        one, other = self.attend(first), self.attend(second)
        beta = read(one, other, second, mask=_wide(second_mask)).value
        return beta, read(other, one, first, mask=_wide(first_mask)).value

    def _sentences(
        self, first: Tensor, second: Tensor, first_mask: Tensor | None, second_mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        first, second = self._words("first", first, first_mask), self._words("second", second, second_mask)
        if len(first) != len(second):
            raise ShapeError(f"first and second must be as many; got {len(first)} and {len(second)}")
        return first, second

    def _words(self, name: str, words: Tensor, mask: Tensor | None) -> Tensor:
        """Check a sentence, and make its padding 0: a NaN there would reach gradients through any product with 0."""
        if words.ndim != 3 or words.shape[-1] != self.dim:
            raise ShapeError(f"{name} must have shape (b, n, {self.dim}); got {tuple(words.shape)}")
        check_places(f"{name}_mask", mask, words.shape[:2])
        return words if mask is None else words.masked_fill(~mask.unsqueeze(-1), 0.0)

    def _summed(self, words: Tensor, read_of_other: Tensor, mask: Tensor | None) -> Tensor:
        compared: Tensor = self.compare(torch.cat((words, read_of_other), -1))
        return compared.sum(1) if mask is None else (compared * mask.unsqueeze(-1)).sum(1)


def _network(width: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())


def _wide(mask: Tensor | None) -> Tensor | None:
    return None if mask is None else mask[:, None]
