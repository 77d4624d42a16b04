"""beta: a number, one a head, or learned; saved, moved, checked; huge and tiny."""

import copy

import pytest
import torch
from torch import Tensor, nn

from hybridattn.attention import Bilinear, Cosine, Hard, LearnedEntmax, NegativeSquaredEuclidean, Sparsemax
from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory import Beta, SlotMemory

FORMS = {
    "number": 3.0,
    "one tensor": torch.tensor(3.0),
    "a tensor a head": torch.tensor([0.5, 3.0], dtype=torch.float64),
    "a trained one": nn.Parameter(torch.tensor(3.0)),
    "trained, a head": Beta((2,), 3.0, trainable=True),
}
forms = pytest.mark.parametrize("beta", FORMS.values(), ids=FORMS)


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def filled(n: int = 7, d: int = 4, **parts) -> SlotMemory:
    memory = SlotMemory(d, **{"dtype": torch.float64, **parts})
    memory.write(numbers(n, d))
    return memory


def plain(beta) -> Tensor:
    return torch.as_tensor(beta.tensor() if isinstance(beta, Beta) else beta).detach().double()


@forms
def test_each_head_reads_settles_and_weighs_with_its_own(beta) -> None:
    memory, query = filled(beta=copy.deepcopy(beta)), numbers(3, 2, 4, seed=1)
    found, settled, energy = memory.read(query, top=2, log_mass=True), memory.settle(query), memory.energy(query)
    for head in range(2):
        single = filled(beta=float(plain(beta).expand(2)[head]))
        wanted = single.read(query[:, head], top=2, log_mass=True)
        for part, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(part[:, head], other)
        torch.testing.assert_close(settled.state[:, head], single.settle(query[:, head]).state)
        torch.testing.assert_close(settled.steps[:, head], single.settle(query[:, head]).steps)
        torch.testing.assert_close(energy[:, head], single.energy(query[:, head]))


@forms
def test_it_goes_with_the_state(beta) -> None:
    memory = filled(beta=copy.deepcopy(beta))
    other = SlotMemory(**memory.arguments()).double()
    with torch.no_grad():
        if isinstance(memory.beta, Tensor):
            memory.beta.mul_(1.7)
        else:
            memory.beta *= 1.7
    whole = nn.Sequential(other)
    whole.load_state_dict(nn.Sequential(memory).state_dict())
    torch.testing.assert_close(plain(other.beta), plain(memory.beta))
    assert type(other.beta) is type(memory.beta)
    assert other.read(numbers(2, 4)).value.allclose(memory.read(numbers(2, 4)).value)
    twin = copy.deepcopy(memory)
    torch.testing.assert_close(torch.as_tensor(twin.beta), torch.as_tensor(memory.beta))


@forms
def test_a_state_is_checked_before_it_is_taken(beta) -> None:
    memory = filled(beta=copy.deepcopy(beta))
    before, state = plain(memory.beta).clone(), memory.state_dict()
    for bad in (0.0, -1.0, torch.inf, torch.nan):
        with pytest.raises(RuntimeError, match="beta must be finite and above 0; got"):
            memory.load_state_dict({**state, "beta": torch.full_like(state["beta"], bad)})
    with pytest.raises(RuntimeError, match="size mismatch for beta"):
        memory.load_state_dict({**state, "beta": torch.ones(5)})
    del state["beta"]
    with pytest.raises(RuntimeError, match=r'Missing key.*"beta"'):
        memory.load_state_dict(state)
    assert plain(memory.beta).equal(before)


@pytest.mark.parametrize(
    ("beta", "shown"),
    [
        (0, "0"),
        (-2.0, "-2.0"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (torch.tensor([1.0, 0.0]), r"\[1.0, 0.0\]"),
        (torch.tensor([1, 2]), "torch.int64"),
        (Beta((3,), -1.0), r"\[-1.0, -1.0, -1.0\]"),
        (nn.Parameter(torch.tensor(torch.inf)), r"\[inf\]"),
    ],
)
def test_what_is_no_beta_is_refused(beta, shown: str) -> None:
    with pytest.raises(ArgumentError, match=f"beta must be finite and above 0; got {shown}"):
        SlotMemory(4, beta=beta)


def test_heads_that_do_not_fit_the_query_are_refused() -> None:
    memory = filled(beta=torch.ones(2))
    for act in (memory.read, memory.settle, memory.energy):
        with pytest.raises(ShapeError, match=r"query must have .* axes that beta \(2,\) broadcasts to; got \(2, 3\)"):
            act(torch.ones(2, 3, 4))
        with pytest.raises(ShapeError, match=r"got \(\)"):
            act(torch.ones(4))


def test_it_is_trained() -> None:
    memory, query = filled(beta=Beta((2,), 1.0, trainable=True)), numbers(5, 2, 4, seed=1)
    value = memory.read(query).value
    value.square().sum().backward()
    eps = 1e-4
    for head in range(2):
        sides = [filled(beta=1.0 + side * eps).read(query[:, head]).value.square().sum() for side in (1, -1)]
        slope = (sides[0] - sides[1]) / (2 * eps)
        torch.testing.assert_close(memory.beta.grad[head].double(), slope, rtol=1e-4, atol=1e-6)
    assert [name for name, _ in memory.named_parameters()] == ["beta"]
    memory.energy(query).sum().backward()
    memory.settle(query, steps=3).state.sum().backward()
    assert memory.beta.grad.isfinite().all()


def test_a_buffer_keeps_its_dtype_and_a_parameter_follows() -> None:
    exact = torch.tensor([0.123456789, 1e5], dtype=torch.float64)
    memory, trained = filled(beta=exact), filled(beta=Beta((2,), trainable=True))
    memory.bfloat16()
    assert memory.beta.equal(exact)
    assert memory.keys.dtype == torch.bfloat16
    assert trained.bfloat16().beta.dtype == torch.bfloat16
    assert memory.to("meta").beta.is_meta


def test_parts_with_parameters_are_part_of_the_memory() -> None:
    memory = filled(similarity=Bilinear(4, dtype=torch.float64), separation=LearnedEntmax(dtype=torch.float64))
    assert {name for name, _ in memory.named_parameters()} == {"similarity.weight", "separation.raw"}
    memory.read(numbers(3, 4)).value.square().sum().backward()
    assert all(parameter.grad.ne(0).any() for parameter in memory.parameters())
    assert "(separation): LearnedEntmax(" in repr(memory)
    assert "separation=" not in repr(memory)


def test_the_description_shows_every_form() -> None:
    assert repr(SlotMemory(4, beta=torch.tensor([1.0, 2.0]))).endswith("beta=[1.0, 2.0], device=cpu)")
    assert repr(SlotMemory(4, beta=torch.ones(9))).endswith(
        "beta=Beta(shape=(9,), start=1.0, trainable=False), device=cpu)"
    )
    assert repr(SlotMemory(4, beta=Beta(trainable=True))).endswith("beta=1.0, device=cpu)")
    assert repr(SlotMemory(4, beta=2)).endswith("beta=2.0, device=cpu)")


# --- out of the usual range

SIMILAR = {"dot": {}, "cosine": {"similarity": Cosine()}, "distance": {"similarity": NegativeSquaredEuclidean()}}
DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]


@pytest.mark.parametrize("beta", [1e13, 1e38, 1e300, 1.7e308])
@pytest.mark.parametrize("form", [float, lambda b: torch.tensor(b, dtype=torch.float64)], ids=["number", "tensor"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("parts", SIMILAR.values(), ids=SIMILAR)
def test_a_huge_beta_reads_the_best_alone(parts: dict, dtype: torch.dtype, form, beta: float) -> None:
    memory = filled(9, 8, beta=form(beta), dtype=dtype, **parts)
    hard = filled(9, 8, separation=Hard(), dtype=dtype, **parts)
    query = 3 * numbers(20, 8, seed=1, dtype=dtype)
    found = memory.read(query, top=1)
    assert found.value.isfinite().all()
    assert found.log_mass.isfinite().all()
    torch.testing.assert_close(found.value, hard.read(query).value)
    assert memory.read(query).value.allclose(found.value)
    assert found.shares.allclose(torch.ones_like(found.shares))
    if "cosine" not in repr(parts).lower():
        assert memory.energy(query).isfinite().all()
        torch.testing.assert_close(memory.energy(query), hard.energy(query), rtol=1e-3, atol=1e-3)
    assert memory.settle(query, steps=3).state.isfinite().all()


@pytest.mark.parametrize("beta", [5e-324, 1e-310, 1e-40, 1e-20])
@pytest.mark.parametrize("form", [float, lambda b: torch.tensor(b, dtype=torch.float64)], ids=["number", "tensor"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("parts", SIMILAR.values(), ids=SIMILAR)
def test_a_tiny_beta_reads_all_evenly(parts: dict, dtype: torch.dtype, form, beta: float) -> None:
    memory, query = filled(9, 8, beta=form(beta), dtype=dtype, **parts), 3 * numbers(20, 8, seed=1, dtype=dtype)
    mean = memory.keys.double().mean(0)
    loose = {torch.float64: 1e-12, torch.float32: 1e-5}.get(dtype, 2e-2)
    torch.testing.assert_close(memory.read(query).value.double(), mean.expand(20, 8), atol=loose, rtol=loose)
    if "cosine" not in repr(parts).lower():
        scores = memory.similarity(query.double(), memory.keys.double())  # E -> |q|^2 / 2 - mean score + M^2 / 2
        own = 0 if parts else query.double().square().sum(-1) / 2 + memory.keys.double().square().sum(-1).amax() / 2
        wanted = own - scores.mean(-1)
        loose = {torch.float64: 1e-6}.get(dtype, 5e-2)
        torch.testing.assert_close(memory.energy(query).double(), wanted, atol=loose, rtol=loose)


@pytest.mark.parametrize("separation", [Sparsemax(), Hard()], ids=repr)
@pytest.mark.parametrize("beta", [5e-324, 1e300])
def test_other_separations_keep_finite_too(separation, beta: float) -> None:
    memory, query = filled(9, 8, beta=beta, separation=separation, dtype=torch.float32), numbers(5, 8).float()
    assert memory.read(query, top=2).value.isfinite().all()
    assert memory.energy(query).isfinite().all()
    assert memory.settle(query, steps=2).state.isfinite().all()
