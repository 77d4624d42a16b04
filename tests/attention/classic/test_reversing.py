"""The aligning model learns to reverse sequences, and where it looks is the anti-diagonal."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from hybridattn import AligningModel


def reversed_well(length: int, steps: int) -> tuple[float, float]:
    """Train on random sequences of one length; share of right symbols, and of shares on the anti-diagonal, on new."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    model = AligningModel(11, 32, 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(steps):
        source = torch.randint(1, 11, (64, length), generator=generator)
        loss = cross_entropy(model(source, source.flip(1)).logits.flatten(0, 1), source.flip(1).flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    source = torch.randint(1, 11, (200, length), generator=generator)
    written, shares = model.decode(source, length)
    right = (written == source.flip(1)).double().mean()
    return float(right), float(shares.flip(-1).diagonal(dim1=1, dim2=2).mean())


def test_it_learns_to_reverse_short_sequences():
    right, aligned = reversed_well(4, 250)
    assert right > 0.99
    assert aligned > 0.6


@pytest.mark.slow
def test_it_learns_to_reverse_longer_ones():
    right, aligned = reversed_well(10, 1500)
    assert right > 0.99
    assert aligned > 0.6
