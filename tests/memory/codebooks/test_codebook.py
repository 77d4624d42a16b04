"""A codebook memory reads what attention reads over its composed keys, and rules out only what cannot fit."""

import math
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize

from hybridattn.attention import Read, read
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError, SlotError
from hybridattn.memory import Addressable, CodebookMemory, Memory, Selective

ENTITIES, CUES, SLOTS = 30, 5, 160
KINDS = ["exact", "absent", "noisy", "any cue", "no entity", "other"]


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def book(entries: int, width: int, seed: int) -> Tensor:
    signs = torch.randint(0, 2, (entries, width), generator=generator(seed)) * 2 - 1
    return signs.double() / width**0.5


def coherence(*books: Tensor) -> float:
    """Find the largest |x . y| of two entries of one codebook."""
    return max(float((one @ one.T).fill_diagonal_(0).abs().max()) for one in books)


def stored(*, beta: float = 100.0, bound: float | None = None, dtype: torch.dtype = torch.float64) -> CodebookMemory:
    entities, cues = book(ENTITIES, 256, 1), book(CUES, 128, 2)
    bound = coherence(entities, cues) if bound is None else bound
    assert coherence(entities, cues) < 0.5
    memory = CodebookMemory(entities.to(dtype), cues.to(dtype), beta=beta, coherence=bound)
    entity, target = (torch.randint(0, ENTITIES, (SLOTS,), generator=generator(seed)) for seed in (3, 4))
    cue = torch.randint(0, CUES - 1, (SLOTS,), generator=generator(5))  # the last cue is in no slot
    memory.write_codes(torch.stack([entity, cue, target], -1))
    return memory


def asked(memory: CodebookMemory, kind: str, count: int = 12) -> Tensor:
    keys = memory.keys_of(memory.ids[:count]).clone()
    width = memory.value_dim
    noise = torch.randn(keys.shape, generator=generator(6), dtype=torch.float64).to(keys)
    if kind == "absent":
        keys[:, width:] = memory.cues[-1]
    if kind == "noisy":
        keys[:, :width] = 0.8 * keys[:, :width] + 0.6 * normalize(noise[:, :width], dim=-1)
    if kind == "any cue":
        keys[:, width:] = 0
    if kind == "no entity":
        keys[:, :width] = 0
    return normalize(noise, dim=-1) if kind == "other" else keys


def composed(memory: CodebookMemory) -> tuple[Tensor, Tensor]:
    """Build keys and values from the codes alone."""
    entity, cue, target = memory.codes.T
    return torch.cat([memory.entities[entity], memory.cues[cue]], -1), memory.entities[target]


def assert_agrees(memory: CodebookMemory, query: Tensor, *, top: int = 7) -> Read:
    """Compare a read with attention over the composed keys, naming slots up to ties."""
    keys, values = composed(memory)
    expected = read(query, keys, values, beta=memory.beta, log_mass=True)
    everything = read(query, keys, values, beta=memory.beta, top=max(1, len(memory)))
    assert everything.slots is not None
    assert everything.shares is not None
    found = memory.read(query, top=top)
    assert found.slots is not None
    assert found.shares is not None
    assert found.slots.shape == found.shares.shape == (*query.shape[:-1], top)
    close = {"atol": 1e-5, "rtol": 1e-5}
    torch.testing.assert_close(found.value, expected.value, **close)
    torch.testing.assert_close(found.log_mass, expected.log_mass, **close)
    wanted = torch.nn.functional.pad(everything.shares, (0, top))[..., :top]
    torch.testing.assert_close(found.shares, wanted, **close)
    share_of = torch.zeros(*query.shape[:-1], len(memory) + 1).to(wanted)
    share_of.scatter_(-1, everything.slots % (len(memory) + 1), everything.shares)
    torch.testing.assert_close(share_of.gather(-1, found.slots.remainder(len(memory) + 1)), found.shares, **close)
    for row in found.slots.reshape(-1, top).tolist():
        named = [slot for slot in row if slot >= 0]
        assert len(set(named)) == len(named)
        assert row == named + [-1] * (top - len(named))
    assert bool((found.shares.masked_select(found.slots < 0) == 0).all())
    plain = memory.read(query)
    assert plain.slots is None
    assert plain.shares is None
    torch.testing.assert_close(plain.value, expected.value, **close)
    torch.testing.assert_close(plain.log_mass, expected.log_mass, **close)
    return found


def uses_the_index(memory: CodebookMemory, query: Tensor) -> bool:
    """Only an indexed read leaves slots out, where a dense one would name all."""
    slots = memory.read(query, top=len(memory)).slots
    assert slots is not None
    return bool((slots < 0).any())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_attention(kind: str, dtype: torch.dtype) -> None:
    memory = stored(dtype=dtype)
    query = asked(memory, kind)
    assert_agrees(memory, query)
    assert uses_the_index(memory, query) == (kind in ("exact", "any cue"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", [{"bound": 1.0}, {"beta": 0.01}, {"beta": 1.0}, {"beta": 8.0}])
def test_agrees_where_the_index_may_not_answer(kind: str, how: dict[str, float]) -> None:
    memory = stored(**how)
    query = asked(memory, kind)
    assert_agrees(memory, query)
    assert not uses_the_index(memory, query)


@pytest.mark.parametrize("beta", [20.0, 25.0, 30.0, 40.0])
def test_agrees_on_either_side_of_where_the_index_begins(beta: float) -> None:
    for kind in KINDS:
        assert_agrees(memory := stored(beta=beta), asked(memory, kind))


def test_the_index_answers_from_where_it_leaves_out_less_than_a_millionth() -> None:
    # All other slots together have at most n exp(-beta (1 - coherence)) times the weight of a slot that matches.
    bound = coherence(book(ENTITIES, 256, 1), book(CUES, 128, 2))
    least = math.log(SLOTS / 1e-6) / (1 - bound)
    for beta, used in ((0.99 * least, False), (1.01 * least, True)):
        memory = stored(beta=beta)
        assert uses_the_index(memory, asked(memory, "exact")) == used


def test_a_mixed_batch_keeps_its_order_and_shape() -> None:
    memory = stored()
    query = torch.stack([asked(memory, kind) for kind in KINDS], 1)
    found = assert_agrees(memory, query)
    for i, j in product((0, 5, 11), range(len(KINDS))):
        alone = memory.read(query[i, j], top=7)
        for one, many in zip(alone, found, strict=True):
            assert one is not None
            assert many is not None
            torch.testing.assert_close(one, many[i, j], atol=1e-6, rtol=1e-6)


def test_a_single_query_has_no_leading_axis() -> None:
    memory = stored()
    found = memory.read(asked(memory, "exact")[0], top=2)
    assert [part.shape for part in found if part is not None] == [(256,), (), (2,), (2,)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bound", [None, 1.0])
def test_more_slots_than_there_are(kind: str, bound: float | None) -> None:
    memory = stored(bound=bound)
    assert_agrees(memory, asked(memory, kind, 3), top=SLOTS + 9)


@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_an_empty_memory_reads_nothing(bound: float) -> None:
    memory = CodebookMemory(torch.eye(3), torch.eye(2), coherence=bound)
    for query in (torch.tensor([1.0, 0, 0, 1, 0]), torch.rand(2, 3, 5), torch.tensor([[1.0, 0, 0, 0, 0]])):
        lead = query.shape[:-1]
        found = memory.read(query, top=2)
        assert found.slots is not None
        assert found.shares is not None
        assert found.value.equal(torch.zeros(*lead, 3))
        assert found.log_mass is not None
        assert found.log_mass.equal(torch.full(lead, -torch.inf))
        assert found.slots.equal(torch.full((*lead, 2), -1))
        assert found.shares.equal(torch.zeros(*lead, 2))


def test_a_gradient_through_an_empty_memory_is_no_nan() -> None:
    query = torch.rand(2, 5, requires_grad=True)
    CodebookMemory(torch.eye(3), torch.eye(2)).read(query).value.sum().backward()
    assert query.grad is None or query.grad.equal(torch.zeros(2, 5))


@pytest.mark.parametrize("lead", [(0,), (2, 0)])
@pytest.mark.parametrize("bound", [None, 1.0])
def test_no_queries(lead: tuple[int, ...], bound: float | None) -> None:
    found = stored(bound=bound).read(torch.empty(*lead, 384, dtype=torch.float64), top=3)
    assert [tuple(part.shape) for part in found if part is not None] == [(*lead, 256), lead, (*lead, 3), (*lead, 3)]


def test_many_more_queries_than_a_block_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hybridattn.memory.codebooks.codebook.TILE", 3 * SLOTS + 1)
    memory = stored(bound=1.0)
    assert_agrees(memory, torch.cat([asked(memory, kind, 5) for kind in KINDS]))


def test_named_slots_are_addressable() -> None:
    memory = stored()
    keys, values = composed(memory)
    ids = torch.tensor([[3, 0], [SLOTS - 1, 3]])
    assert memory.keys_of(ids).equal(keys[ids])
    assert memory.values_of(ids).equal(values[ids])
    assert isinstance(memory, Memory)
    assert isinstance(memory, Addressable)
    assert isinstance(memory, Selective)
    for wrong in (-1, SLOTS):
        with pytest.raises(SlotError, match=f"no slot has id {wrong}"):
            memory.keys_of(torch.tensor([0, wrong]))
    with pytest.raises(SlotError, match="no slot has id 0"):
        CodebookMemory(torch.eye(2), torch.eye(2)).values_of(torch.tensor(0))


def softmax_read(memory: CodebookMemory, query: Tensor) -> tuple[Tensor, Tensor]:
    keys, values = composed(memory)
    scores = memory.beta * (query @ keys.T)
    return scores.softmax(-1) @ values, scores.logsumexp(-1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("top", [None, 3])
def test_gradients_are_those_of_attention(kind: str, top: int | None) -> None:
    memory = stored(beta=4.0)
    query = asked(memory, kind, 4).requires_grad_()
    slope = torch.randn(4, 256, generator=generator(7), dtype=torch.float64)
    found, (value, mass) = memory.read(query, top=top), softmax_read(memory, query)
    assert found.log_mass is not None
    for one, other in (((found.value * slope).sum(), (value * slope).sum()), (found.log_mass.sum(), mass.sum())):
        (mine,), (wanted,) = (torch.autograd.grad(each, query, retain_graph=True) for each in (one, other))
        assert float(wanted.abs().max()) > 1e-3
        torch.testing.assert_close(mine, wanted, atol=1e-9, rtol=1e-9)


def test_the_gradient_of_the_log_mass_is_beta_times_the_read_of_the_keys() -> None:
    memory = stored(beta=4.0)
    query = asked(memory, "exact").requires_grad_()
    mass = memory.read(query).log_mass
    assert mass is not None
    (slope,) = torch.autograd.grad(mass.sum(), query)
    keys, _ = composed(memory)
    torch.testing.assert_close(slope, 4.0 * read(query, keys, keys, beta=4.0).value)


@pytest.mark.parametrize("part", [0, 1, 3])
def test_gradcheck(part: int) -> None:
    memory = CodebookMemory(torch.eye(3).double(), torch.eye(2).double(), beta=4.0)
    memory.write_codes(torch.tensor([[0, 0, 1], [1, 1, 2], [2, 0, 0], [0, 0, 2]]))
    query = torch.randn(2, 5, generator=generator(8), dtype=torch.float64).requires_grad_()

    def run(query: Tensor) -> Tensor:
        found = memory.read(query, top=4)[part]
        assert found is not None
        return found

    assert torch.autograd.gradcheck(run, query)


def test_exact_queries_have_their_gradient_where_the_index_would_answer() -> None:
    memory = stored()
    query = asked(memory, "exact", 3).requires_grad_()
    mass = memory.read(query).log_mass
    assert mass is not None
    (slope,) = torch.autograd.grad(mass.sum(), query)
    torch.testing.assert_close(slope, 100.0 * query.detach(), atol=1e-4, rtol=1e-4)  # beta times the key that matches


def test_written_keys_and_values_come_back() -> None:
    memory = CodebookMemory(torch.eye(4), torch.eye(2), coherence=0.0)
    keys, values = (
        torch.tensor([[0, 1.0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 1]]),
        torch.tensor([[0, 0, 1.0, 0], [0, 0, 0, 1]]),
    )
    assert memory.write(keys, values).tolist() == [0, 1]
    assert memory.codes.tolist() == [[1, 0, 2], [0, 1, 3]]
    assert memory.write(keys[0], values[1]).tolist() == [2]
    assert memory.coherence == 0.0
    assert (len(memory.entities), len(memory.cues), len(memory)) == (4, 2, 3)
    assert memory.read(keys[1]).value.tolist() == pytest.approx([0, 0, 0, 1])
    assert memory.read(keys[0]).value.tolist() == pytest.approx([0, 0, 0.5, 0.5])


def test_written_parts_that_no_codebook_has_become_entries() -> None:
    memory = stored()
    assert uses_the_index(memory, asked(memory, "exact"))
    near = 0.99 * memory.entities[0] + 0.01 * memory.entities[1]
    keys = torch.stack([torch.cat([near, memory.cues[1]]), torch.cat([near, -memory.cues[0]])])
    values = torch.stack([memory.entities[2] * 2, near])
    ids = memory.write(keys, values)
    assert ids.tolist() == [SLOTS, SLOTS + 1]
    assert memory.keys_of(ids).equal(keys)
    assert memory.values_of(ids).equal(values)
    assert len(memory.entities) == ENTITIES + 2  # near once, the doubled value once
    assert len(memory.cues) == CUES + 1
    for kind in KINDS:
        assert_agrees(memory, asked(memory, kind))
    assert not uses_the_index(memory, asked(memory, "exact"))
    assert bool(memory.answerable(asked(memory, "absent"), min_match=0.5).all())


def test_ids_are_never_used_again_and_order_is_kept() -> None:
    memory = stored()
    assert memory.write_codes(torch.empty(0, 3, dtype=torch.int64)).tolist() == []
    assert memory.write_codes(torch.tensor([[0, 0, 0]])).tolist() == [SLOTS]
    assert memory.ids.tolist() == list(range(SLOTS + 1))


def test_what_is_written_after_a_read_is_found() -> None:
    memory = CodebookMemory(torch.eye(3), torch.eye(2), coherence=0.0)
    query = torch.tensor([1.0, 0, 0, 1, 0])
    memory.write_codes(torch.tensor([[0, 0, 1]]))
    assert memory.read(query, top=1).slots == torch.tensor([0])
    memory.write_codes(torch.tensor([[0, 0, 2]]))
    assert memory.read(query).value.tolist() == pytest.approx([0, 0.5, 0.5])


def test_a_loaded_state_is_what_is_read() -> None:
    one, other = (CodebookMemory(torch.eye(3), torch.eye(2), coherence=0.0) for _ in range(2))
    one.write_codes(torch.tensor([[0, 0, 1]]))
    other.write_codes(torch.tensor([[1, 1, 2]]))
    query = torch.tensor([[0, 1.0, 0, 0, 1], [1.0, 0, 0, 1, 0]])
    assert one.answerable(query, min_match=0.5).tolist() == [False, True]  # builds the index of what is about to go
    one.load_state_dict(other.state_dict())
    assert_agrees(one, query, top=1)
    assert one.answerable(query, min_match=0.5).tolist() == [True, False]


def test_a_state_of_any_number_of_slots_loads() -> None:
    full, fresh = stored(), CodebookMemory(book(ENTITIES, 256, 1), book(CUES, 128, 2))
    fresh.load_state_dict(full.state_dict())
    assert fresh.codes.equal(full.codes)
    assert fresh.write_codes(torch.tensor([[0, 0, 0]])).tolist() == [SLOTS], "ids are never used again"


def test_another_dtype_after_a_read() -> None:
    memory = stored()
    memory.read(asked(memory, "exact"))
    memory.float()
    assert_agrees(memory, asked(memory, "exact"))
    assert_agrees(memory, asked(memory, "any cue"))
    assert uses_the_index(memory, asked(memory, "exact"))


@st.composite
def small(draw: st.DrawFn) -> tuple[CodebookMemory, Tensor, float]:
    """Draw a memory over close or far entries, and queries made of entries, sums of entries and zeros."""
    flip = st.lists(st.integers(0, 15), max_size=8)
    entities, cues = torch.ones(4, 16).double() / 4, torch.ones(3, 16).double() / 4
    for row in (*entities, *cues):
        row[draw(flip)] *= -1
    apart = all(len(one.unique(dim=0)) == len(one) for one in (entities, cues))
    bound = coherence(entities, cues) if apart else 1.0
    memory = CodebookMemory(entities, cues, beta=draw(st.sampled_from([1.0, 30.0, 100.0])), coherence=bound)
    triples = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 3))
    codes = draw(st.lists(triples, max_size=5))
    memory.write_codes(torch.tensor(codes, dtype=torch.int64).reshape(-1, 3))
    weights = st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, 0.6]), min_size=7, max_size=7)
    mix = torch.tensor(draw(st.lists(weights, min_size=1, max_size=5))).double()
    query = torch.cat([mix[:, :4] @ entities, mix[:, 4:] @ cues], -1)
    return memory, query, draw(st.sampled_from([-1.0, 0.0, 0.3, 0.5, 0.9, 1.0]))


def fits(memory: CodebookMemory, query: Tensor, min_match: float) -> Tensor:
    """Compare every query with every slot: does a beam follow any?"""
    keys, _ = composed(memory)
    (entity, cue), (key, stored_cue) = (part.split(16, -1) for part in (query, keys))
    match = normalize(entity, dim=-1) @ normalize(key, dim=-1).T
    same = (normalize(cue, dim=-1) @ normalize(stored_cue, dim=-1).T >= 1 - 1e-4) | (cue == 0).all(-1)[:, None]
    return ((match >= min_match + 1e-9) & same).any(-1)


@given(small())
def test_answerable_never_rules_out_a_link_that_is_followed(case: tuple[CodebookMemory, Tensor, float]) -> None:
    memory, query, min_match = case
    hope = memory.answerable(query, min_match=min_match)
    assert hope.shape == query.shape[:-1]
    assert bool((hope | ~fits(memory, query, min_match)).all())


@given(small())
def test_small_memories_agree_with_attention(case: tuple[CodebookMemory, Tensor, float]) -> None:
    memory, query, _ = case
    assert_agrees(memory, query, top=6)


def test_answerable_rules_out_what_is_known_not_to_fit() -> None:
    memory = stored()
    assert not memory.answerable(asked(memory, "absent"), min_match=0.5).any()
    assert memory.answerable(asked(memory, "absent"), min_match=0.0).all()  # other entities come near enough
    assert memory.answerable(asked(memory, "exact").reshape(3, 4, -1), min_match=0.5).shape == (3, 4)
    for kind in ("exact", "any cue", "noisy"):
        assert memory.answerable(asked(memory, kind), min_match=0.5).all()


def wrong_codes(row: list[int]) -> Tensor:
    return torch.tensor([[0, 0, 0], row])


def test_errors_of_making() -> None:
    for beta in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ArgumentError, match="beta must be positive and finite"):
            CodebookMemory(torch.eye(2), torch.eye(2), beta=beta)
    with pytest.raises(ShapeError, match=r"entities must be a matrix \(entries, width\); got shape \(2,\)"):
        CodebookMemory(torch.ones(2), torch.eye(2))
    for bad in (float("nan"), float("inf")):
        with pytest.raises(NotFiniteError, match="cues must be finite; got 1 rows that are not"):
            CodebookMemory(torch.eye(2), torch.tensor([[1.0, bad], [0.0, 1.0]]))


def test_errors_of_writing_store_nothing() -> None:
    memory = CodebookMemory(torch.eye(3), torch.eye(2), coherence=0.0)
    for shape in ((3,), (2, 2), (1, 2, 3)):
        with pytest.raises(ShapeError, match=r"codes must be \(m, 3\)"):
            memory.write_codes(torch.zeros(shape, dtype=torch.int64))
    for row in ([3, 0, 0], [0, 2, 0], [0, 0, 3], [-1, 0, 0]):
        with pytest.raises(ArgumentError, match=r"codes must be at least 0 and below \[3, 2, 3\]"):
            memory.write_codes(wrong_codes(row))
    key, value = torch.rand(1, 5), torch.rand(1, 3)
    with pytest.raises(ArgumentError, match="stores keys with values"):
        memory.write(key)
    with pytest.raises(ArgumentError, match="keeps no evidence"):
        memory.write(key, value, evidence=torch.ones(1, 2))
    for keys, values in ((key[:, :4], value), (key, value[:, :2]), (torch.rand(2, 5), value)):
        with pytest.raises(ShapeError, match=r"must have shape \(5,\)|must be \(\d, 3\)"):
            memory.write(keys, values)
    for keys, values in ((key * torch.nan, value), (key, value / 0)):
        with pytest.raises(NotFiniteError):
            memory.write(keys, values)
    assert (len(memory), len(memory.entities), len(memory.cues), memory.coherence) == (0, 3, 2, 0.0)


@pytest.mark.parametrize("shape", [(4,), (2, 6), ()])
def test_a_query_of_another_width(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="query must end in key_dim=5; got shape"):
        CodebookMemory(torch.eye(3), torch.eye(2)).read(torch.ones(shape))


@pytest.mark.parametrize("top", [0, -1])
@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_top_is_checked_as_by_attention(top: int, bound: float) -> None:
    memory = CodebookMemory(torch.eye(3), torch.eye(2), coherence=bound)
    memory.write_codes(torch.tensor([[0, 0, 1]]))
    with pytest.raises(ArgumentError, match="top must be at least 1"):
        memory.read(torch.tensor([1.0, 0, 0, 1, 0]), top=top)
