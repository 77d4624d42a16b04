"""A read under places is the read under their matrices, written out by hand in float64."""

import math
import os
import shutil

import pytest
import torch
from torch import Tensor
from torch.nn.attention.flex_attention import create_block_mask

from hybridattn import (
    ALiBi,
    ArgumentError,
    Band,
    Blocks,
    Causal,
    CompileError,
    Dilated,
    Dot,
    GaussianPrior,
    Global,
    Multiplied,
    NegativeSquaredEuclidean,
    Places,
    PositionMask,
    RandomBlocks,
    RelativeBuckets,
    RelativePosition,
    ShapeError,
    Softmax,
    Sparsemax,
    Sum,
    flex_read,
    positional_read,
    with_previous,
)
from hybridattn.attention.positions.flex import _block_mask
from hybridattn.attention.positions.priors import PositionPrior

MASKS: dict[str, PositionMask | None] = {
    "none": None,
    "causal": Causal(),
    "band": Band(5, 3),
    "blocks": Blocks(7, before=1),
    "bigbird": Band(2, 2) | Global(1) | RandomBlocks(200, size=8, count=1, generator=torch.Generator().manual_seed(0)),
    "dilated": Dilated(3, 3, step=5) & Causal(),
}
PRIORS: dict[str, PositionPrior | None] = {
    "none": None,
    "gaussian": GaussianPrior(3.0),
    "alibi": ALiBi(3),
    "relative": RelativePosition(3, 4, generator=torch.Generator().manual_seed(1)),
    "buckets": RelativeBuckets(3, buckets=8, reach=8, generator=torch.Generator().manual_seed(2)),
    "multiplied": Multiplied(lambda rows, slots: 1.0 / (1 + (rows - slots).abs())),
    "sum": Sum(GaussianPrior(4.0), ALiBi(3)),
}


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def three(n: int, q: int | None = None, lead: tuple[int, ...] = (2, 3)) -> tuple[Tensor, Tensor, Tensor]:
    return numbers(*lead, q or n, 4), numbers(*lead, n, 4, seed=1), numbers(*lead, n, 5, seed=2)


def bias_by_hand(name: str, distance: Tensor) -> Tensor:
    """What a prior adds, (3, q, n), from the formula of its paper; distance is j - i."""
    slopes = torch.tensor([2**-4.0, 2**-8.0, 2**-2.0], dtype=torch.float64)[:, None, None]
    gauss = {3.0: -(distance**2) / 18.0, 4.0: -(distance**2) / 32.0}
    table = PRIORS["relative"]
    buckets = PRIORS["buckets"]
    assert isinstance(table, RelativePosition)
    assert isinstance(buckets, RelativeBuckets)
    # of 4 a side, 2 hold the distances 0 and 1, and 4 = 2 sqrt(8 / 2) parts those from 2 on
    number = torch.tensor([3, 3, 3, 3, 3, 2, 2, 1, 0, 5, 6, 6, 7, 7, 7, 7, 7])
    return {
        "none": torch.zeros_like(distance, dtype=torch.float64),
        "gaussian": gauss[3.0],
        "alibi": -slopes * distance.abs(),
        "relative": table.table.detach().double()[:, distance.clamp(-4, 4) + 4],
        "buckets": buckets.table.detach().double()[:, number[distance.clamp(-8, 8) + 8]],
        "multiplied": -(1.0 + distance.abs()).log(),
        "sum": gauss[4.0] - slopes * distance.abs(),
    }[name]


def plain(query: Tensor, keys: Tensor, values: Tensor, allowed: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    scores = (0.5 * query @ keys.mT + bias).masked_fill(~allowed, -math.inf)
    mass = scores.logsumexp(-1)
    weights = (scores - mass.masked_fill(mass == -math.inf, 0.0).unsqueeze(-1)).exp()
    return weights @ values, mass


def matrices(mask: str, prior: str, q: int, n: int, start: int) -> tuple[Tensor, Tensor]:
    chosen = MASKS[mask]
    allowed = torch.ones(q, n, dtype=torch.bool) if chosen is None else chosen.matrix(q, n, start=start)
    return allowed, bias_by_hand(prior, torch.arange(n) - torch.arange(start, start + q)[:, None])


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(("q", "n", "start"), [(1, 1, 0), (63, 63, 0), (100, 100, 0), (9, 100, 91)])
def test_the_plain_formula(mask: str, prior: str, q: int, n: int, start: int) -> None:
    sides = [side.requires_grad_() for side in three(n, q)]
    slope = numbers(2, 3, q, 5, seed=9)
    wanted, mass = plain(*sides, *matrices(mask, prior, q, n, start))
    slopes = torch.autograd.grad((wanted * slope).sum(), sides, retain_graph=True)
    places = Places(MASKS[mask], PRIORS[prior], start=start, block=16)
    for log_mass in (False, True):
        found = positional_read(*sides, places, beta=0.5, log_mass=log_mass)
        torch.testing.assert_close(found.value, wanted, atol=2e-6, rtol=1e-5)
        if log_mass:
            assert found.log_mass is not None
            torch.testing.assert_close(found.log_mass, mass, atol=2e-6, rtol=1e-5)
        for mine, theirs in zip(torch.autograd.grad((found.value * slope).sum(), sides), slopes, strict=True):
            torch.testing.assert_close(mine, theirs, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("mask", "prior"), [*((mask, "alibi") for mask in MASKS), *(("band", prior) for prior in PRIORS)]
)
def test_flex_attention_gives_the_same(mask: str, prior: str) -> None:
    sides = three(33, 20)
    wanted, mass = plain(*sides, *matrices(mask, prior, 20, 33, 13))
    with torch.no_grad():
        found = flex_read(
            *(side.float() for side in sides),
            Places(MASKS[mask], PRIORS[prior], start=13),
            beta=0.5,
            log_mass=True,
            compiled=False,
        )
    assert found.log_mass is not None
    torch.testing.assert_close(found.value.double(), wanted, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found.log_mass.double(), mass, atol=1e-5, rtol=1e-4)


COMPILER = any(map(shutil.which, (os.environ.get("CXX") or "c++", "g++", "clang++")))
needs_compiler = pytest.mark.skipif(not COMPILER, reason="no compiler of C++ is installed")


def compiled(mask: str, prior: str, q: int, n: int, start: int) -> None:
    sides = three(n, q)
    with torch.no_grad():
        places = Places(MASKS[mask], PRIORS[prior], start=start)
        found = flex_read(*(side.float() for side in sides), places, beta=0.5)
    wanted, _ = plain(*sides, *matrices(mask, prior, q, n, start))
    torch.testing.assert_close(found.value.double(), wanted.nan_to_num(0.0), atol=2e-6, rtol=1e-5)


@needs_compiler
def test_compiled_flex_attention_gives_the_same() -> None:
    torch.compiler.reset()
    compiled("band", "alibi", 129, 300, 171)  # two blocks of rows, three of slots
    compiled("band", "alibi", 40, 30, 5)  # rows after 35 reach no slot


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize(("q", "n", "start"), [(1, 1, 0), (63, 63, 0), (150, 150, 0), (9, 150, 6)])
def test_compiled_flex_attention_gives_the_same_everywhere(q: int, n: int, start: int) -> None:
    for mask, prior in [*((mask, "alibi") for mask in MASKS), *(("band", prior) for prior in PRIORS)]:
        torch.compiler.reset()
        compiled(mask, prior, q, n, start)


@needs_compiler
def test_what_torch_does_not_compile_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.compiler.reset()
    monkeypatch.setattr("hybridattn.attention.positions.reading.flexible", lambda *_: True)
    places = Places(Band(3, 2), PRIORS["gaussian"])
    with torch._dynamo.config.patch(recompile_limit=1), torch.no_grad():
        for n in (20, 21):  # the second is one too many
            sides = [side.float() for side in three(n)]
            wanted = flex_read(*sides, places, compiled=False).value
            torch.testing.assert_close(positional_read(*sides, places).value, wanted)
        with pytest.raises(CompileError, match="as many different reads as torch keeps"):
            flex_read(*sides, places)
        torch.compiler.reset()
        with pytest.raises(CompileError, match=r"not compiled for this read: .*return_lse"):
            flex_read(*sides, places, log_mass=True)
        assert positional_read(*sides, places, log_mass=True).log_mass is not None


@pytest.mark.parametrize("mask", MASKS)
def test_the_blocks_hold_those_that_are_reached(mask: str) -> None:
    chosen = MASKS[mask]
    if chosen is None:
        return
    query, keys = torch.zeros(1, 1, 199, 4), torch.zeros(1, 1, 200, 4)
    found = _block_mask(Places(chosen), query, keys)
    theirs = create_block_mask(chosen.mask_mod(), None, None, 199, 200, device="cpu")
    assert found is not None
    assert (found.to_dense() >= theirs.to_dense()).all()


def test_blocks_hold_no_whole_mask() -> None:
    rows = torch.zeros(1, 1, 1, 4).expand(1, 1, 1 << 18, 4)  # the mask would take 64 GiB
    found = _block_mask(Places(Band(200)), rows, rows)
    assert found is not None
    assert found.to_dense().sum() == 3 * 2048 - 3


@pytest.mark.parametrize("similarity", [Dot(), NegativeSquaredEuclidean()])
@pytest.mark.parametrize("separation", [Softmax(), Sparsemax()])
def test_any_parts_and_the_best_slots(similarity: Dot, separation: Softmax) -> None:
    query, keys, values = three(60)
    allowed = Band(6, 2).matrix(60, 60)
    found = positional_read(
        query, keys, values, Places(Band(6, 2), block=8), similarity=similarity, separation=separation, top=3
    )
    weights = separation.weights(similarity(query, keys).masked_fill(~allowed, -math.inf))
    torch.testing.assert_close(found.value, weights @ values)
    shares, slots = weights.topk(3, -1)
    assert found.slots is not None
    assert found.shares is not None
    torch.testing.assert_close(found.shares, shares)
    assert torch.equal(found.slots.masked_fill(shares == 0, -1), slots.masked_fill(shares == 0, -1))


def test_rows_that_may_read_nothing_read_zero() -> None:
    query, keys, values = three(40)
    found = positional_read(query, keys, values, Places(Band(3), start=41, block=8), log_mass=True, top=2)
    assert found.log_mass is not None
    assert found.slots is not None
    assert (found.value[..., 2:, :] == 0).all()
    assert (found.log_mass[..., 2:] == -math.inf).all()
    assert (found.slots[..., 2:, :] == -1).all()
    assert (found.value[..., 0, :] != 0).all()
    assert (found.slots[..., 0, :].sort(-1).values == torch.tensor([38, 39])).all()


def test_a_mask_of_padding_holds_besides() -> None:
    query, keys, values = three(50)
    there = (torch.arange(50) < torch.tensor([[50], [31]])).view(2, 1, 1, 50)
    found = positional_read(query, keys, values, Places(Band(9, 9), block=16), mask=there)
    alone = positional_read(query[1], keys[1, :, :31], values[1, :, :31], Places(Band(9, 9), block=7))
    torch.testing.assert_close(found.value[1], alone.value)
    torch.testing.assert_close(found.value[0], positional_read(query[0], keys[0], values[0], Places(Band(9, 9))).value)
    whole = positional_read(query, keys, values, Places(block=8), mask=torch.ones(50, 50, dtype=torch.bool).tril())
    torch.testing.assert_close(whole.value, positional_read(query, keys, values, Places(Causal())).value)


def test_a_beta_a_row() -> None:
    query, keys, values = three(30)
    beta = torch.linspace(0, 2, 30, dtype=torch.float64).unsqueeze(-1)
    found = positional_read(query, keys, values, Places(Causal(), block=8), beta=beta)
    torch.testing.assert_close(found.value, positional_read(beta * query, keys, values, Places(Causal())).value)


def test_the_future_changes_nothing() -> None:
    query, keys, values = three(40)
    places = Places(Band(8) & Causal(), ALiBi(3), block=16)
    before = positional_read(query, keys, values, places).value
    keys[..., 25:, :], values[..., 25:, :] = 7.0, -7.0
    after = positional_read(query, keys, values, places).value
    assert torch.equal(before[..., :25, :], after[..., :25, :])
    assert not torch.equal(before[..., 25:, :], after[..., 25:, :])


@pytest.mark.parametrize(("q", "n"), [(0, 5), (5, 0), (0, 0)])
def test_empty_sequences(q: int, n: int) -> None:
    query, keys, values = numbers(2, q, 4), numbers(2, n, 4), numbers(2, n, 3)
    for mask in (None, Causal(), Band(2)):
        found = positional_read(query, keys, values, Places(mask), log_mass=True)
        assert found.value.shape == (2, q, 3)
        assert (found.value == 0).all()


def test_never_more_than_what_is_reached() -> None:
    seen = []

    class Counted(Band):
        def allows(self, rows: Tensor, slots: Tensor, /) -> Tensor:
            seen.append(rows.numel() * slots.numel())
            return super().allows(rows, slots)

    for n in (1024, 4096):
        seen.append(0)
        x = numbers(n, 4)
        positional_read(x, x, x, Places(Counted(64, 64), block=64))
    whole = sum(seen[seen.index(0, 1) :]), sum(seen[: seen.index(0, 1)])
    assert whole[0] < 4.2 * whole[1]
    assert max(seen) <= 64 * (64 + 2 * 128)


def test_a_learned_prior_gets_its_gradient() -> None:
    prior = RelativePosition(3, 4)
    query, keys, values = (side.float() for side in three(40))
    found = positional_read(query, keys, values, Places(Band(6), prior, block=8))
    found.value.square().sum().backward()
    distance = torch.arange(40) - torch.arange(40)[:, None]
    table = torch.zeros(3, 9, requires_grad=True)
    scores = (query @ keys.mT + table[:, distance.clamp(-4, 4) + 4]).masked_fill(~Band(6).matrix(40, 40), -math.inf)
    (scores.softmax(-1) @ values).square().sum().backward()
    torch.testing.assert_close(prior.table.grad, table.grad, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("causal", "back", "ahead"),
    [
        # borders 8 * 16^(k / 8) = 8, 11.3, 16, 22.6, 32, 45.3, 64, 90.5
        (
            False,
            {7: 7, 8: 8, 11: 8, 12: 9, 15: 9, 16: 10, 22: 10, 23: 11, 32: 12, 45: 12, 46: 13, 64: 14, 91: 15, 999: 15},
            {1: 17, 8: 24, 16: 26, 128: 31, 999: 31},
        ),
        # borders 16 * 8^(k / 16) = 16, 18.2, 20.7, ..., 45.3 (k = 8), ..., 112.3 (k = 15)
        (True, {0: 0, 15: 15, 16: 16, 18: 16, 19: 17, 45: 23, 46: 24, 112: 30, 113: 31, 999: 31}, {1: 0, 50: 0}),
    ],
)
def test_buckets_of_t5(causal: bool, back: dict[int, int], ahead: dict[int, int]) -> None:
    prior = RelativeBuckets(1, causal=causal)
    with torch.no_grad():
        prior.table.copy_(torch.arange(32.0))
    for distances, sign in ((back, -1), (ahead, 1)):
        slots = torch.tensor([1000 + sign * distance for distance in distances])
        assert prior.bias(torch.tensor(0), torch.tensor(1000), slots).tolist() == list(distances.values())


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"buckets": 6}, "a multiple of 4, and reach above 1; got 6 and 128"),
        ({"buckets": 7, "causal": True}, "a multiple of 2, and reach above 3; got 7"),
        ({"reach": 8}, "reach above 8; got 32 and 8"),
        ({"heads": 0}, "heads"),
    ],
)
def test_buckets_that_cannot_be(parts: dict[str, int], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        RelativeBuckets(**{"heads": 2, **parts})


@pytest.mark.parametrize(
    ("heads", "slopes"),
    [
        (8, [2.0**-k for k in range(1, 9)]),
        (1, [2.0**-8]),
        (6, [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3]),
    ],
)
def test_slopes_of_alibi(heads: int, slopes: list[float]) -> None:
    assert ALiBi(heads).slopes.tolist() == slopes


def test_scores_of_the_layer_before_are_added() -> None:
    (query, keys, values), (asked, stored, _) = three(20), three(20)
    asked, stored = asked.flip(-1), stored.flip(-2)
    found = positional_read(*with_previous(query, keys, (asked, stored), share=0.5), values, Places())
    wanted = (query @ keys.mT + 0.5 * asked @ stored.mT).softmax(-1) @ values
    torch.testing.assert_close(found.value, wanted)
    with pytest.raises(ShapeError, match=r"^keys and previous keys must have the same rows; got shapes"):
        with_previous(query, keys, (asked, stored[..., 1:, :]))


def test_wrong_input_is_refused_in_the_words_of_read() -> None:
    query, keys, values = three(20)
    with pytest.raises(ShapeError, match=r"^query must have heads=4 as axis -3 for this prior; got shape"):
        positional_read(query, keys, values, Places(prior=ALiBi(4)))
    with pytest.raises(ArgumentError, match=r"^mask must be bool, True where a slot may be read; got torch.float64$"):
        positional_read(query, keys, values, Places(Causal()), mask=torch.zeros(20, 20, dtype=torch.float64))
    with pytest.raises(ShapeError, match=r"^mask must broadcast to \(2, 3, 20, 20\); got shape \(7, 20\)$"):
        positional_read(query, keys, values, Places(Causal()), mask=torch.ones(7, 20, dtype=torch.bool))
    with pytest.raises(ShapeError, match=r"^query must end in d=3 as keys do"):
        positional_read(query, keys[..., :3], values, Places(Causal()))
    with pytest.raises(ArgumentError, match=r"^start must be a whole number, at least 0; got -1$"):
        Places(start=-1)
    with pytest.raises(ArgumentError, match=r"^priors must have as many heads; got 3 and 6$"):
        Sum(Sum(GaussianPrior(1.0), ALiBi(3)), ALiBi(6))
    with pytest.raises(ArgumentError, match=r"^sigma must be finite and above 0; got nan$"):
        GaussianPrior(math.nan)


def test_flex_attention_refuses_what_the_others_refuse() -> None:
    query, keys, values = three(20)
    for sides, parts, kind, said in (
        ((query[0, 0, 0], keys, values), {}, ShapeError, "at least 2 axes"),
        ((query, keys[..., :3], values), {}, ShapeError, "query must end in d=3"),
        ((query, keys, values[..., 1:, :]), {}, ShapeError, "values must hold n=20"),
        ((query, keys.repeat(3, 1, 1, 1), values), {}, ShapeError, "leading axes"),
        ((query, keys.float(), values), {}, ArgumentError, "one floating-point dtype"),
        ((query.long(), keys.long(), values.long()), {}, ArgumentError, "one floating-point dtype"),
        ((query, keys, values), {"beta": math.nan}, ArgumentError, "beta must be finite"),
        ((query, keys, values), {"beta": torch.ones(3)}, ShapeError, "beta must broadcast"),
        ((query[:, :2], keys[:, :2], values[:, :2]), {}, ShapeError, "query must have heads=3"),
        ((query.requires_grad_(), keys, values), {}, CompileError, "FlexAttention does not do this read"),
    ):
        with pytest.raises(kind, match=said):
            flex_read(*sides, Places(Causal(), ALiBi(3)), compiled=False, **parts)


@pytest.mark.parametrize("empty", ["b", "q", "n", "d", "v"])
def test_flex_attention_of_nothing(empty: str) -> None:
    query, keys, values = three(20)
    cuts = {
        "b": (query[:0], keys[:0], values[:0]),
        "q": (query[..., :0, :], keys, values),
        "n": (query, keys[..., :0, :], values[..., :0, :]),
        "d": (query[..., :0], keys[..., :0], values),
        "v": (query, keys, values[..., :0]),
    }
    places = Places(Causal(), ALiBi(3))
    found = flex_read(*cuts[empty], places, log_mass=True)
    wanted = positional_read(*cuts[empty], places, log_mass=True)
    torch.testing.assert_close(found.value, wanted.value)
    torch.testing.assert_close(found.log_mass, wanted.log_mass)


def test_flex_attention_takes_a_beta_a_row() -> None:
    query, keys, values = three(20)
    beta = numbers(2, 3, 20, 1, seed=9).abs()
    found = flex_read(query, keys, values, Places(Causal()), beta=beta, compiled=False).value
    wanted = (beta * query @ keys.mT).masked_fill(torch.ones(20, 20).triu(1).bool(), -math.inf).softmax(-1) @ values
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("n", [1, 64, 63, 100])
@pytest.mark.parametrize(("causal", "after"), [(False, 1), (True, 0)])
def test_local_attention_of_its_package(n: int, causal: bool, after: int) -> None:
    peer = pytest.importorskip("local_attention", reason="needs local-attention, an oracle of the extra `peers`")
    theirs = peer.LocalAttention(
        16, causal=causal, look_backward=1, look_forward=after, autopad=True, use_rotary_pos_emb=False
    )
    query, keys, values = (numbers(2, n, 8, seed=seed).float() for seed in range(3))
    there = torch.ones(2, n, dtype=torch.bool)  # without a mask the package also reads the zeros that it pads with
    mask = Blocks(16, before=1, after=after)
    found = positional_read(query, keys, values, Places(mask & Causal() if causal else mask), beta=8**-0.5)
    torch.testing.assert_close(found.value, theirs(query, keys, values, mask=there), atol=1e-5, rtol=1e-4)
