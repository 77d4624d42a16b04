"""The chunked scans are the recurrences, in values and gradients, and the recurrences are their formulas."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize, softplus

from hybridattn.attention import DPFP, EluPlusOne, PlainFeatures, UnitNorm, linear_attention, linear_attention_loop
from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory.fastweights import delta_rule, delta_rule_loop, gated_delta_rule, gated_delta_rule_loop

PAIRS: dict[str, tuple[Callable, Callable]] = {
    "linear": (linear_attention, linear_attention_loop),
    "delta": (delta_rule, delta_rule_loop),
    "gated": (gated_delta_rule, gated_delta_rule_loop),
}
pairs = pytest.mark.parametrize("name", PAIRS)


def inputs(name: str, n: int, *, lead: tuple[int, ...] = (), d: int = 5, v: int = 3, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    query, keys, values = (
        torch.randn(*lead, n, width, dtype=torch.float64, generator=generator) for width in (d, d, v)
    )
    found = [query, normalize(keys, dim=-1), values]
    if name != "linear":
        found.append(2 * torch.rand(*lead, n, dtype=torch.float64, generator=generator))
    if name == "gated":
        found.append(-softplus(torch.randn(*lead, n, dtype=torch.float64, generator=generator)))
    return found


def start(name: str, lead: tuple[int, ...] = (), d: int = 5, v: int = 3) -> Tensor:
    width = v + 1 if name == "linear" else v
    return 1 + torch.rand(*lead, d, width, dtype=torch.float64, generator=torch.Generator().manual_seed(9))


def slopes(act: Callable, parts: list[Tensor], state: Tensor, **more: int) -> list[Tensor]:
    leaves = [part.clone().requires_grad_() for part in [*parts, state]]
    output, last = act(*leaves[:-1], state=leaves[-1], **more)
    weight = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).reshape(output.shape)
    return list(torch.autograd.grad((output * weight).sum() + last.sin().sum(), leaves))


@pairs
@pytest.mark.parametrize("n", [0, 1, 2, 63, 64, 65, 100])
@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_chunks_are_the_recurrence(name: str, n: int, chunk: int) -> None:
    fast, slow = PAIRS[name]
    parts, state = inputs(name, n, lead=(2,), seed=n), start(name, (2,))
    for found, wanted in zip(fast(*parts, state=state, chunk=chunk), slow(*parts, state=state), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-10, rtol=1e-10)


@pairs
@pytest.mark.parametrize(("n", "chunk"), [(1, 64), (33, 8), (65, 64)])
def test_gradients_are_those_of_the_recurrence(name: str, n: int, chunk: int) -> None:
    fast, slow = PAIRS[name]
    parts, state = inputs(name, n, lead=(2,), seed=n), start(name, (2,))
    for found, wanted in zip(slopes(fast, parts, state, chunk=chunk), slopes(slow, parts, state), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-9, rtol=1e-9)


@settings(max_examples=30)
@given(st.data())
def test_any_length_chunk_strength_and_decay(data: st.DataObject) -> None:
    n, chunk = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 45))
    query, keys, values, _ = inputs("delta", n, seed=data.draw(st.integers(0, 99)))
    some = st.lists(st.sampled_from([0.0, 1.0, 0.3, 2.0]), min_size=n, max_size=n)
    strength = torch.tensor(data.draw(some), dtype=torch.float64)
    gates = st.lists(st.sampled_from([0.0, 1.0, 1.0, 0.5, 1e-300]), min_size=n, max_size=n)
    log_decay = torch.tensor(data.draw(gates), dtype=torch.float64).log()
    for found, wanted in zip(
        gated_delta_rule(query, keys, values, strength, log_decay, chunk=chunk),
        gated_delta_rule_loop(query, keys, values, strength, log_decay),
        strict=True,
    ):
        torch.testing.assert_close(found, wanted, atol=1e-10, rtol=1e-10)


def test_the_recurrence_by_hand() -> None:
    """Two writes under keys of cosine .6, with strengths 1 and 1/2 and a decay of 1/2 before the second.

    S_1 = k_1 10; the second finds .5 * .6 * 10 = 3 under k_2, wants 7, and writes half of the difference, 2.
    """
    keys = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    values, strength = torch.tensor([[10.0], [7.0]]), torch.tensor([1.0, 0.5])
    log_decay = torch.tensor([1.0, 0.5]).log()
    for act in (gated_delta_rule, gated_delta_rule_loop):
        output, state = act(keys, keys, values, strength, log_decay)
        torch.testing.assert_close(state.flatten(), torch.tensor([5 + 2 * 0.6, 2 * 0.8]))
        torch.testing.assert_close(output.flatten(), torch.tensor([10.0, 5.0]))


@pytest.mark.parametrize("act", [delta_rule, delta_rule_loop])
def test_the_delta_rule_is_a_product_of_reflections(act: Callable) -> None:
    """S_n = sum_i [prod_(j > i) (I - b_j k_j k_j^T)] b_i k_i v_i^T (Schlag et al. 2021), multiplied out."""
    query, keys, values, strength = inputs("delta", 12)
    wanted = torch.zeros(5, 3, dtype=torch.float64)
    for i in range(12):
        term = strength[i] * torch.outer(keys[i], values[i])
        for j in range(i + 1, 12):
            term = (torch.eye(5, dtype=torch.float64) - strength[j] * torch.outer(keys[j], keys[j])) @ term
        wanted += term
    torch.testing.assert_close(act(query, keys, values, strength).state, wanted, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("act", [linear_attention, linear_attention_loop])
def test_linear_attention_is_masked_attention_with_its_kernel(act: Callable) -> None:
    """o_t = sum_(i <= t) phi(q_t) . phi(k_i) v_i / sum_(i <= t) phi(q_t) . phi(k_i), written out as a matrix."""
    query, keys, values = inputs("linear", 30, lead=(2, 3))
    scores = ((torch.where(query > 0, query + 1, query.exp())) @ torch.where(keys > 0, keys + 1, keys.exp()).mT).tril()
    torch.testing.assert_close(act(query, keys, values).output, scores / scores.sum(-1, keepdim=True) @ values)
    plain = act(query, keys, values, feature_map=PlainFeatures(), normalise=False).output
    torch.testing.assert_close(plain, (query @ keys.mT).tril() @ values)


@pairs
def test_two_halves_are_the_whole(name: str) -> None:
    fast, _ = PAIRS[name]
    parts = inputs(name, 50)
    cut = [part[:20] for part in parts], [part[20:] for part in parts]
    first = fast(*cut[0], chunk=8)
    second = fast(*cut[1], state=first.state, chunk=8)
    whole = fast(*parts, chunk=8)
    torch.testing.assert_close(torch.cat((first.output, second.output)), whole.output)
    torch.testing.assert_close(second.state, whole.state)


@pytest.mark.parametrize("name", ["delta", "gated"])
def test_a_ragged_batch_is_its_sequences_alone(name: str) -> None:
    fast, _ = PAIRS[name]
    parts = inputs(name, 40, lead=(3,))
    lengths = (40, 17, 1)
    for row, length in enumerate(lengths):
        parts[3][row, length:] = 0.0
        if name == "gated":
            parts[4][row, length:] = 0.0
    together = fast(*parts, chunk=16)
    for row, length in enumerate(lengths):
        alone = fast(*(part[row, :length] for part in parts), chunk=16)
        torch.testing.assert_close(together.output[row, :length], alone.output)
        torch.testing.assert_close(together.state[row], alone.state)


@pairs
def test_nothing_is_seen_before_its_time(name: str) -> None:
    fast, _ = PAIRS[name]
    parts = inputs(name, 20)
    before = fast(*parts, chunk=6).output[:13]
    changed = [part.clone() for part in parts]
    for part in changed:
        part[13:] = part[13:] * 0.25 - 0.125
    torch.testing.assert_close(fast(*changed, chunk=6).output[:13], before, atol=0, rtol=0)


@pairs
def test_heads_and_batches_broadcast(name: str) -> None:
    fast, _ = PAIRS[name]
    parts = inputs(name, 9, lead=(2, 1))
    parts[0] = inputs(name, 9, lead=(3,), seed=4)[0]
    found = fast(*parts, chunk=4)
    assert found.output.shape == (2, 3, 9, 3)
    one = fast(parts[0][2], *(part[1, 0] for part in parts[1:]), chunk=4)
    torch.testing.assert_close(found.output[1, 2], one.output)
    torch.testing.assert_close(found.state[1, 2], one.state)


@pairs
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_low_precision_is_accumulated_in_float32(name: str, dtype: torch.dtype) -> None:
    fast, _ = PAIRS[name]
    parts = [part.to(dtype) for part in inputs(name, 300)]
    found, wanted = fast(*parts), fast(*(part.double() for part in parts))
    assert found.output.dtype == dtype
    assert found.state.dtype == torch.float32
    torch.testing.assert_close(found.state.double(), wanted.state, atol=2e-5, rtol=2e-5)
    torch.testing.assert_close(found.output, wanted.output.to(dtype), atol=2e-5, rtol=torch.finfo(dtype).eps * 2)


def test_forgetting_all_is_a_fresh_start_with_finite_slopes() -> None:
    parts = inputs("gated", 20)
    parts[4][11] = -torch.inf
    found = gated_delta_rule(*parts, chunk=8)
    fresh = gated_delta_rule(*(part[11:] for part in parts), chunk=8)
    torch.testing.assert_close(found.output[11:], fresh.output)
    torch.testing.assert_close(found.state, fresh.state)
    assert all(slope.isfinite().all() for slope in slopes(gated_delta_rule, parts, start("gated"), chunk=8))


def test_strong_decay_does_not_underflow_the_rest() -> None:
    """The product of all decays is exp(-2000) = 0, yet neighbours still reach each other by exp(-10)."""
    query, keys, values, strength, _ = inputs("gated", 200)
    decay = torch.full((200,), -10.0, dtype=torch.float64)
    found, wanted = (act(query, keys, values, strength, decay) for act in (gated_delta_rule, gated_delta_rule_loop))
    torch.testing.assert_close(found.output, wanted.output, atol=1e-12, rtol=1e-10)


def test_within_the_stable_range_weights_stay_bounded() -> None:
    """|I - b k k^T| <= 1 for b |k|^2 in [0, 2], so |S_n| <= sum_i b_i |v_i|; beyond it they explode."""
    query, keys, values, strength = inputs("delta", 2000)
    bound = (strength * values.norm(dim=-1)).sum()
    assert torch.linalg.matrix_norm(delta_rule(query, keys, values, strength).state, 2) <= bound
    wild = delta_rule(query, keys, values, torch.full_like(strength, 3.0)).state
    assert torch.linalg.matrix_norm(wild, 2) > 1e6 * bound


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keys": torch.zeros(4, 3)}, r"query must end in shape \(4, 3\); got shape \(4, 2\)"),
        ({"values": torch.zeros(5, 2)}, r"values must end in shape \(4, 2\); got shape \(5, 2\)"),
        ({"strength": torch.zeros(3)}, r"strength must end in shape \(4,\); got shape \(3,\)"),
        ({"query": torch.zeros(2)}, r"query must have at least 2 axes, \(..., n, width\); got shape \(2,\)"),
        ({"state": torch.zeros(2, 2, 3)}, r"state must end in shape \(2, 2\)"),
        ({"query": torch.zeros(2, 4, 2), "keys": torch.zeros(3, 4, 2)}, "leading axes must broadcast; got query"),
    ],
)
def test_shapes_that_do_not_fit(change: dict[str, Tensor], message: str) -> None:
    given_ = {name: torch.zeros(4, 2) for name in ("query", "keys", "values")} | {"strength": torch.zeros(4)} | change
    for act in (delta_rule, delta_rule_loop):
        with pytest.raises(ShapeError, match=message):
            act(**given_)


def test_numbers_and_chunks_that_do_not_fit() -> None:
    some = torch.zeros(4, 2)
    for act, more in ((delta_rule, [torch.zeros(4)]), (linear_attention, [])):
        with pytest.raises(ArgumentError, match=r"keys must be floating point; got torch\.int64"):
            act(some, some.long(), some, *more)
        with pytest.raises(ArgumentError, match="chunk must be at least 1; got 0"):
            act(some, some, some, *more, chunk=0)


def test_an_average_of_nothing_is_zero() -> None:
    some = torch.zeros(2, 2)
    found = linear_attention(some, some, torch.ones(2, 3), feature_map=PlainFeatures())
    assert found.output.tolist() == [[0.0] * 3] * 2


def test_feature_maps() -> None:
    vectors = torch.tensor([[3.0, -4.0], [0.0, 0.0], [1e-30, 0.0]])
    torch.testing.assert_close(UnitNorm()(vectors), torch.tensor([[0.6, -0.8], [0.0, 0.0], [1.0, 0.0]]))
    wanted = [[4.0, 2.718281828459045**-4], [1.0, 1.0]]
    torch.testing.assert_close(EluPlusOne()(vectors)[:2], torch.tensor(wanted))
    # r = (3, 0, 0, 4): r_i r_(i + 1) = (0, 0, 0, 12), r_i r_(i + 2) = 0
    assert DPFP(2)(vectors)[0].tolist() == [0.0, 0, 0, 12, 0, 0, 0, 0]
    for phi in (PlainFeatures(), UnitNorm(), EluPlusOne(), DPFP(3)):
        assert phi(torch.ones(4, 7)).shape == (4, phi.width(7))
        assert phi(torch.ones(7)).shape == (phi.width(7),)
    with pytest.raises(ArgumentError, match="nu must be at least 1; got 0"):
        DPFP(0)
