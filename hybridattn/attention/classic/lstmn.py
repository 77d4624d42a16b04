"""The LSTM that attends to all of its own past states: intra-attention."""

import torch
from torch import Tensor, nn

from hybridattn.attention.read import read
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["LSTMN"]


class LSTMN(nn.Module):
    """Long short-term memory network (Cheng et al. 2016, arXiv 1601.06733, section 3.1): no state but what is attended.

    At step t it attends to its hidden tape h_1 ... h_(t-1) with a_i = v . tanh(W_h h_i + W_x x_t + W_h~ h~_(t-1)) (eq.
    4), reads h~_t and c~_t from hidden tape and memory tape with softmax(a) (eq. 5 and 6), and goes on as an LSTM from
    [h~_t, x_t] and c~_t (eq. 7-9). The first step reads zeros.

    Args:
        dim: width of inputs.
        width: of the tapes.
        hidden: units of the attention.
        generator: where weights start, normal of variance 1 / width of what they take.
    """

    def __init__(self, dim: int, width: int, hidden: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if min(dim, width, hidden) < 1:
            raise ArgumentError(f"dim, width and hidden must be at least 1; got {dim}, {width} and {hidden}")
        self.dim, self.width = dim, width
        sizes = {"past": width, "input": dim, "before": width}
        self.attention = nn.ParameterDict(
            {name: torch.randn(hidden, size, generator=generator) / size**0.5 for name, size in sizes.items()}
        )
        self.vector = nn.Parameter(torch.randn(hidden, generator=generator) / hidden**0.5)
        self.gates = nn.Linear(width + dim, 4 * width)
        with torch.no_grad():
            self.gates.weight.normal_(generator=generator).div_((width + dim) ** 0.5)
            self.gates.bias.zero_()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Give the hidden tape (b, n, width) of inputs (b, n, dim), and the shares (b, n, n) of each step.

        Row t of the shares is what step t read of the steps before it: 0 on and above the diagonal. Raises ShapeError.
        """
        if x.ndim != 3 or x.shape[-1] != self.dim:
            raise ShapeError(f"x must have shape (b, n, {self.dim}); got {tuple(x.shape)}")
        b, n, _ = x.shape
        hidden, memory = x.new_zeros(b, 0, self.width), x.new_zeros(b, 0, self.width)
        before, shares = x.new_zeros(b, self.width), x.new_zeros(b, n, n)
        rows = []
        for step in range(n):
            before, cell, share = self._read(x[:, step], before, hidden, memory)
            rows.append(nn.functional.pad(share, (0, n - step)))
            out, gate, kept, made = self._gated(torch.cat((before, x[:, step]), -1))
            cell = kept * cell + gate * made
            hidden = torch.cat((hidden, (out * cell.tanh())[:, None]), 1)
            memory = torch.cat((memory, cell[:, None]), 1)
        return hidden, torch.stack(rows, 1) if rows else shares

    def _read(self, x: Tensor, before: Tensor, hidden: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read both tapes by one attention."""
        asked = x @ self.attention["input"].T + before @ self.attention["before"].T
        scores = (asked[:, None] + hidden @ self.attention["past"].T).tanh() @ self.vector
        nothing = scores.new_zeros(len(x), 1, 1)
        tapes = torch.cat((hidden, memory), -1)
        places = scores.new_zeros(len(x), scores.shape[1], 1)  # all alike: the scores are a prior
        found = read(nothing, places, tapes, prior=scores[:, None], top=max(1, scores.shape[1]))
        assert found.slots is not None
        assert found.shares is not None
        share = torch.zeros_like(scores)
        if scores.shape[1]:
            share = share.scatter(-1, found.slots[:, 0].clamp(min=0), found.shares[:, 0].to(share.dtype))
        past, cell = found.value[:, 0].chunk(2, -1)
        return past, cell, share

    def _gated(self, both: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        made, *gates = self.gates(both).chunk(4, -1)
        gate, kept, out = (part.sigmoid() for part in gates)
        return out, gate, kept, made.tanh()
