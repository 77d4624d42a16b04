"""The margin theorem: a stored pattern is an exact fixed point if and only if it leads by margin / beta."""

import pytest
import torch
from torch import Tensor

from hybridattn import read
from hybridattn.attention import Entmax, Hard, KSubsets, LearnedEntmax, Normmax, Softmax, Sparsemax, TopSoftmax

SPARSE = {
    "entmax 1.1": (Entmax(1.1), 10.0),
    "entmax 1.25": (Entmax(1.25), 4.0),
    "entmax 1.5": (Entmax(1.5), 2.0),
    "entmax 2": (Entmax(2), 1.0),
    "entmax 3": (Entmax(3), 0.5),
    "learned entmax": (LearnedEntmax(alpha=1.8, dtype=torch.float64), 1.25),
    "sparsemax": (Sparsemax(), 1.0),
    "normmax 2": (Normmax(2), 1.0),
    "normmax 5": (Normmax(5), 1.0),
    "subsets 1": (KSubsets(1), 1.0),
}
"""Each with the margin of the paper (Santos et al. 2024): 1 / (alpha - 1), 1, 1, 1."""
sparse = pytest.mark.parametrize(("separation", "margin"), SPARSE.values(), ids=SPARSE)


def patterns(n: int, d: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(n, d, generator=generator, dtype=torch.float64)
    # Lengths and directions differ, so that some patterns lead by much, some by little and some not at all.
    return drawn * torch.linspace(0.4, 1.6, n, dtype=torch.float64).unsqueeze(-1)


def leads(stored: Tensor) -> Tensor:
    overlaps = stored @ stored.T
    others = overlaps.masked_fill(torch.eye(len(stored), dtype=torch.bool), -torch.inf)
    return overlaps.diagonal() - others.amax(-1)


@sparse
def test_exact_fixed_points_are_those_that_lead_by_the_margin(separation, margin: float) -> None:
    assert float(torch.as_tensor(separation.margin).detach()) == pytest.approx(margin)
    seen = {True: 0, False: 0}
    for seed, (n, d) in enumerate([(5, 4), (20, 8), (50, 16)]):
        stored = patterns(n, d, seed)
        for beta in (0.1, 0.3, 0.6, 1.2):
            value = read(stored, stored, stored, separation=separation, beta=beta).value
            lead = leads(stored) * beta / margin
            clear = (lead - 1).abs() > 0.01
            fixed = (value == stored).all(-1)
            assert torch.equal(fixed[clear], (lead >= 1)[clear])
            for outcome in seen:
                seen[outcome] += int((fixed[clear] == outcome).sum())
    assert min(seen.values()) >= 20


@sparse
def test_one_step_is_exact_from_within_the_radius_that_the_lead_allows(separation, margin: float) -> None:
    seen = 0
    for seed in range(3):
        stored = patterns(12, 32, seed)
        longest = torch.linalg.vector_norm(stored, dim=-1).amax().item()
        away = torch.randn(12, 32, generator=torch.Generator().manual_seed(seed + 9), dtype=torch.float64)
        # Straight towards the strongest rival is the worst way to go.
        rivals = (stored @ stored.T).fill_diagonal_(-torch.inf).argmax(-1)
        for directions in (away, stored[rivals] - stored):
            directions = directions / torch.linalg.vector_norm(directions, dim=-1, keepdim=True)
            for beta in (0.6, 1.2, 4.0):
                radius = (leads(stored) - margin / beta) / (2 * longest)
                allowed = radius > 0
                query = (stored + 0.999 * radius.unsqueeze(-1) * directions)[allowed]
                value = read(query, stored, stored, separation=separation, beta=beta).value
                assert torch.equal(value, stored[allowed])
                seen += int(allowed.sum())
    assert seen >= 20


def test_at_the_margin_itself_the_best_is_read_alone() -> None:
    for separation, margin in SPARSE.values():
        if not isinstance(separation, LearnedEntmax):
            assert separation.weights(torch.tensor([0.0, margin, 0.0]).double()).tolist() == [0, 1, 0]
            near = separation.weights(torch.tensor([0.0, margin * 0.99, 0.0]).double())
            assert near[0] > 0


def test_softmax_is_never_exact_and_hard_always() -> None:
    stored = patterns(6, 4, 0)
    assert Softmax().margin == Entmax(1).margin == TopSoftmax(2).margin == torch.inf
    assert Hard().margin == TopSoftmax(1).margin == 0
    assert Softmax().weights(torch.tensor([0.0, 600.0]).double())[0] > 0
    for separation in (Hard(), TopSoftmax(1)):
        value = read(stored, stored, stored, separation=separation).value
        assert [torch.equal(v, s) for v, s in zip(value, stored, strict=True)] == leads(stored).ge(0).tolist()
