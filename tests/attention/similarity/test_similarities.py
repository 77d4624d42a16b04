"""Single similarities: by other derivations, at the ends of their range, and in memory."""

import math

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from hybridattn.attention import Bilinear, Cosine, Dot, NegativeManhattan, NegativeSquaredEuclidean, ScaledDot
from hybridattn.errors import ArgumentError, ShapeError


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor had that any operation made."""

    def __init__(self) -> None:
        super().__init__()
        self.numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, Tensor):
                self.numel = max(self.numel, tensor.numel())
        return made


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1.0, 1e20, 1e30])
def test_cosine_does_not_depend_on_length(scale: float) -> None:
    query, keys = numbers(3, 4).float(), numbers(5, 4, seed=1).float()
    torch.testing.assert_close(Cosine()(query * scale, keys), Cosine()(query, keys / scale))
    assert Cosine()(query, keys).abs().max() <= 1 + 1e-6


@pytest.mark.parametrize(("similarity", "p"), [(NegativeManhattan(), 1), (NegativeSquaredEuclidean(), 2)])
def test_distances_and_their_slopes_are_those_of_the_differences(similarity, p: int) -> None:
    sides = [(numbers(2, 6, 5).requires_grad_(), numbers(7, 5, seed=1).requires_grad_()) for _ in range(2)]
    found = similarity(*sides[0])
    wanted = -(sides[1][0].unsqueeze(-2) - sides[1][1]).abs().pow(p).sum(-1)
    torch.testing.assert_close(found, wanted)
    for outcome in (found, wanted):
        (outcome * numbers(2, 6, 7, seed=2)).sum().backward()
    for mine, other in zip(*sides, strict=True):
        torch.testing.assert_close(mine.grad, other.grad)


@pytest.mark.parametrize("similarity", [NegativeManhattan(), NegativeSquaredEuclidean()], ids=repr)
def test_distances_never_hold_a_tensor_of_all_differences(similarity) -> None:
    query, keys = numbers(40, 64).requires_grad_(), numbers(50, 64, seed=1).requires_grad_()
    with Largest() as largest:
        similarity(query, keys).sum().backward()
    assert largest.numel == 50 * 64


def test_the_slope_of_the_manhattan_distance_at_an_exact_match_is_zero() -> None:
    query, keys = numbers(3, 4).requires_grad_(), numbers(3, 4).requires_grad_()
    NegativeManhattan()(query, keys).diagonal().sum().backward()
    assert query.grad.eq(0).all()
    assert keys.grad.eq(0).all()


def test_scaled_dot_is_that_of_attention() -> None:
    query, keys, values = numbers(6, 16), numbers(9, 16, seed=1), numbers(9, 3, seed=2)
    shares = torch.softmax(ScaledDot()(query, keys), -1)
    wanted = torch.nn.functional.scaled_dot_product_attention(query[None], keys[None], values[None])[0]
    torch.testing.assert_close(shares @ values, wanted)
    assert ScaledDot()(query[:, :0], keys[:, :0]).eq(0).all()


def test_bilinear_is_the_sum_over_both_widths() -> None:
    similarity = Bilinear(4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    query, keys = numbers(2, 3, 4), numbers(5, 4, seed=1)
    wanted = torch.einsum("bqi,ij,nj->bqn", query, similarity.weight, keys)
    torch.testing.assert_close(similarity(query, keys), wanted)


def test_bilinear_starts_as_the_dot_product_or_at_random_from_its_generator() -> None:
    query, keys = numbers(3, 4).float(), numbers(5, 4, seed=1).float()
    assert torch.equal(Bilinear(4)(query, keys), Dot()(query, keys))
    state = torch.random.get_rng_state()
    starts = [Bilinear(200, generator=torch.Generator().manual_seed(seed)).weight for seed in (1, 1, 2)]
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(starts[0], starts[1])
    assert not torch.equal(starts[0], starts[2])
    assert starts[0].std().item() == pytest.approx(1 / math.sqrt(200), rel=0.02)


def test_bilinear_trains_and_comes_back_with_the_state() -> None:
    similarity = Bilinear(3)
    similarity(numbers(2, 3).float(), numbers(4, 3, seed=1).float()).sum().backward()
    wanted = numbers(2, 3).float().sum(0).outer(numbers(4, 3, seed=1).float().sum(0))
    torch.testing.assert_close(similarity.weight.grad, wanted)
    torch.optim.SGD(similarity.parameters(), lr=0.1).step()
    fresh = Bilinear(**similarity.arguments())
    fresh.load_state_dict(similarity.state_dict())
    assert torch.equal(fresh.weight, similarity.weight)


def test_bilinear_says_what_does_not_fit() -> None:
    with pytest.raises(ArgumentError, match=r"^dim must be at least 1; got 0$"):
        Bilinear(0)
    with pytest.raises(ShapeError, match=r"^query must end in dim=3; got shape \(2, 4\)$"):
        Bilinear(3)(torch.zeros(2, 4), torch.zeros(2, 3))
    with pytest.raises(ShapeError, match=r"^keys must end in dim=3; got shape \(2, 4\)$"):
        Bilinear(3)(torch.zeros(2, 3), torch.zeros(2, 4))
