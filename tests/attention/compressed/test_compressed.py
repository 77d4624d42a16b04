"""Compressions against the plain formulas of their papers and against published packages."""

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv1d

from hybridattn import (
    ArgumentError,
    Compression,
    Convolved,
    InducingPoints,
    KMeans,
    Linformer,
    Nystrom,
    Pooled,
    ShapeError,
    SlotMemory,
    cluster,
    compressed_read,
    iterated_inverse,
    read,
)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def three(n: int, q: int | None = None, lead: tuple[int, ...] = (2, 3)) -> list[Tensor]:
    return [numbers(*lead, q or n, 6), numbers(*lead, n, 6, seed=1), numbers(*lead, n, 5, seed=2)]


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(7)


BUILD: dict[str, Callable[[], Compression]] = {
    "linformer": lambda: Linformer(100, 8, generator=seeded()).double(),
    "shared linformer": lambda: Linformer(100, 8, shared=True, generator=seeded()).double(),
    "nystrom": lambda: Nystrom(7, beta=0.4),
    "iterated nystrom": lambda: Nystrom(7, beta=0.4, iterations=6),
    "pooled": lambda: Pooled(4),
    "convolved": lambda: Convolved(6, 5, 3, generator=seeded()).double(),
    "inducing": lambda: InducingPoints(8, 6, beta=0.4, generator=seeded()).double(),
    "k-means": lambda: KMeans(9),
}


def soft(scores: Tensor) -> Tensor:
    return scores.softmax(-1)


def by_hand(name: str, one: Compression, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """The plain formula for a single sequence."""
    n = len(keys)
    if "linformer" in name:
        return soft(0.4 * query @ (one.for_keys[:n].T @ keys).T) @ (one.for_values[:n].T @ values)
    if "nystrom" in name:
        marks = []
        for side in (query, keys):
            m = min(7, len(side))
            marks.append(
                torch.stack([side[[i for i in range(len(side)) if i * m // len(side) == j]].mean(0) for j in range(m)])
            )
        core = soft(0.4 * marks[0] @ marks[1].T)
        inverse = torch.linalg.pinv(core)
        if "iterated" in name:
            inverse = core.T / (core.sum(0).max() * core.sum(1).max())
            for _ in range(6):
                turned = core @ inverse
                eye = torch.eye(len(core), dtype=core.dtype)
                inverse = 0.25 * inverse @ (13 * eye - turned @ (15 * eye - turned @ (7 * eye - turned)))
        return soft(0.4 * query @ marks[1].T) @ inverse @ soft(0.4 * marks[0] @ keys.T) @ values
    if name == "pooled":
        windows = [range(i, min(i + 4, n)) for i in range(0, n, 4)]
        scores = torch.stack([0.4 * query @ keys[w].mean(0) + math.log(len(w)) for w in map(list, windows)], -1)
        return soft(scores) @ torch.stack([values[list(w)].mean(0) for w in windows])
    if name == "convolved":
        lack = -n % 3
        few = [
            conv1d(torch.cat((side, side.new_zeros(lack, side.shape[1]))).T[None], kernel, stride=3)[0].T
            for side, kernel in ((keys, one.for_keys), (values, one.for_values))
        ]
        return soft(0.4 * query @ few[0].T) @ few[1]
    if name == "inducing":
        weights = soft(0.4 * one.points @ keys.T)
        return soft(0.4 * query @ (weights @ keys).T) @ (weights @ values)
    numbers_of = cluster(keys, 9).tolist()
    groups = [[i for i in range(n) if numbers_of[i] == c] for c in range(9) if c in numbers_of]
    scores = torch.stack([0.4 * query @ keys[g].mean(0) + math.log(len(g)) for g in groups], -1)
    return soft(scores) @ torch.stack([values[g].mean(0) for g in groups])


@pytest.mark.parametrize("name", BUILD)
@pytest.mark.parametrize(("q", "n"), [(1, 1), (63, 63), (100, 100), (5, 63)])
def test_the_plain_formula(name: str, q: int, n: int) -> None:
    one = BUILD[name]()
    sides = [side.requires_grad_() for side in three(n, q)]
    found = compressed_read(*sides, one, beta=0.4).value
    wanted = torch.stack([by_hand(name, one, *(s.flatten(0, 1)[i] for s in sides)) for i in range(6)])
    exact = {"atol": 1e-6, "rtol": 1e-5} if "nystrom" in name else {}
    torch.testing.assert_close(found.flatten(0, 1), wanted, **exact)
    slope = numbers(*found.shape, seed=5)
    slopes = [torch.autograd.grad((value * slope.view(value.shape)).sum(), sides) for value in (found, wanted)]
    for mine, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4 if "nystrom" in name else 1e-9, rtol=1e-4)


@pytest.mark.parametrize("name", BUILD)
def test_padding_changes_nothing(name: str) -> None:
    """A shorter sequence in a ragged batch is read as it is alone; segments of landmarks follow the padded length."""
    one = BUILD[name]()
    query, keys, values = three(24, 5)
    there = torch.arange(24) < torch.tensor([24, 15]).view(2, 1, 1)
    keys[1, :, 15:], values[1, :, 15:] = math.nan, 1e9
    found = compressed_read(query, keys, values, one, slots=there, beta=0.4).value
    assert found.isfinite().all()
    kept = slice(None) if "nystrom" in name else slice(15)
    short = [torch.where(there[1].unsqueeze(-1), side[1], 0.0)[:, kept] for side in (keys, values)]
    alone = there[1, :, kept] if "nystrom" in name else None
    torch.testing.assert_close(found[1], compressed_read(query[1], *short, one, slots=alone, beta=0.4).value)
    torch.testing.assert_close(found[0], compressed_read(query[0], keys[0], values[0], one, beta=0.4).value)


@pytest.mark.parametrize("name", BUILD)
def test_without_slots_nothing_is_read(name: str) -> None:
    one = BUILD[name]()
    query, keys, values = three(12, 5)
    none = compressed_read(query, keys, values, one, slots=torch.zeros(12, dtype=torch.bool), beta=0.4)
    assert (none.value == 0).all()
    empty = compressed_read(query, keys[..., :0, :], values[..., :0, :], one, beta=0.4)
    assert empty.value.shape == (2, 3, 5, 5)
    assert (empty.value == 0).all()
    there = torch.tensor([[True] * 12, [False] * 12]).unsqueeze(1)
    for found in (
        compressed_read(query, keys, values, one, slots=there, beta=0.4, top=2),
        compressed_read(query[:, :, :4], keys[..., :0, :], values[..., :0, :], one, beta=0.4, top=2),
    ):
        assert (found.log_mass[1] == -math.inf).all()
        assert (found.slots[1] == -1).all()
        assert (found.shares[1] == 0).all()


@pytest.mark.parametrize("name", BUILD)
@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (lambda k, v, s: (k[0, 0, 0], v, s), ShapeError, "at least 2 axes"),
        (lambda k, v, s: (k, v[..., 1:, :], s), ShapeError, "values must hold n=12 slots"),
        (lambda k, v, s: (k, numbers(5, 12, 5), s), ShapeError, "leading axes"),
        (lambda k, v, s: (k, v, s[1:]), ShapeError, "mask must broadcast"),
        (lambda k, v, s: (k, v, s[:1]), ShapeError, r"slots must end in n=12; got shape \(1,\)"),
        (lambda k, v, s: (k, v, s[0]), ShapeError, r"slots must end in n=12; got shape \(\)"),
        (lambda k, v, s: (k, v, s.double()), ArgumentError, "slots must be bool"),
    ],
)
def test_a_compression_called_by_itself_refuses_too(name: str, change: Callable, kind: type, said: str) -> None:
    query, keys, values = three(12, 5)
    keys, values, slots = change(keys, values, torch.ones(12, dtype=torch.bool))
    with pytest.raises(kind, match=said):
        BUILD[name]()(query, keys, values, slots)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_many_slots_of_half_precision_are_summed_in_float32(dtype: torch.dtype) -> None:
    """Means of 2000 numbers near 1; one by one in bfloat16 their sum would end at 256."""
    keys = (numbers(1, 6000, 4) / 4 + 1).to(dtype)
    for one in (Nystrom(3), KMeans(3), Pooled(2000)):
        found = one(keys[:, :6], keys, keys)
        if not isinstance(one, KMeans):
            wanted = keys.double().unflatten(1, (3, 2000)).mean(2)
            torch.testing.assert_close(found.keys.double(), wanted, atol=0.01, rtol=0)
        if found.prior is not None:
            torch.testing.assert_close(found.prior.double().exp().sum(), torch.tensor(6000.0).double(), atol=60, rtol=0)


def test_landmarks_of_half_precision_are_inverted_in_float32() -> None:
    """Every row and slot is a landmark, so that it is softmax attention; what the inverse takes may not be rounded."""
    query, keys, values = (numbers(40, 8, 16, seed=seed).mul(scale).bfloat16() for seed, scale in enumerate((3, 3, 1)))
    wanted = (0.25 * query.double() @ keys.double().mT).softmax(-1) @ values.double()
    found = compressed_read(query, keys, values, Nystrom(8, beta=0.25), beta=0.25).value
    torch.testing.assert_close(found.double(), wanted, atol=0.1, rtol=0)


def test_windows_are_counted_in_the_dtype_of_the_query() -> None:
    found = Pooled(3)(*three(7, lead=()))
    assert found.prior.tolist() == [[math.log(3), math.log(3), 0.0]]


@pytest.mark.parametrize(
    ("act", "kind", "said"),
    [
        (lambda: cluster(numbers(5, 2), 0), ArgumentError, "clusters must be at least 1; got 0"),
        (lambda: cluster(numbers(5, 2), 2, iterations=0), ArgumentError, "iterations must be at least 1; got 0"),
        (lambda: cluster(numbers(5), 2), ShapeError, "at least 2 axes"),
        (lambda: cluster(torch.ones(5, 2).long(), 2), ArgumentError, "floating-point"),
        (lambda: cluster(numbers(5, 2), 2, slots=torch.ones(4).bool()), ShapeError, "mask must broadcast"),
        (lambda: iterated_inverse(numbers(3)), ShapeError, r"matrix must have at least 2 axes; got shape \(3,\)"),
        (lambda: iterated_inverse(torch.ones(2, 2).long()), ArgumentError, "matrix must be floating point"),
    ],
)
def test_wrong_numbers(act: Callable, kind: type, said: str) -> None:
    with pytest.raises(kind, match=said):
        act()


def test_keys_without_width_make_one_cluster() -> None:
    assert cluster(torch.zeros(3, 0), 2).tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", BUILD)
def test_what_is_compressed_can_be_kept_in_a_memory(name: str) -> None:
    query, keys, values = three(40, 4, lead=())
    few = BUILD[name]()(query, keys, values, None)
    assert few.keys.shape[-2] <= 14
    memory = SlotMemory(6, 5, beta=0.4, dtype=torch.float64)
    memory.write(few.keys.detach(), few.values.detach())
    wanted = read(query, few.keys, few.values, beta=0.4).value
    torch.testing.assert_close(memory.read(query).value, wanted)


@pytest.mark.parametrize("name", BUILD)
def test_entries_lie_side_by_side(name: str) -> None:
    """Else `scaled_dot_product_attention` would leave its fast path, and hold all scores."""
    few = BUILD[name]()(*three(40), None)
    assert few.keys.stride(-1) == few.values.stride(-1) == 1


@pytest.mark.parametrize("n", [1, 63, 100])
@pytest.mark.parametrize("shared", [False, True])
def test_linformer_of_its_package(n: int, shared: bool) -> None:
    peer = pytest.importorskip("linformer", reason="needs linformer, an oracle of the extra `peers`")
    theirs = peer.LinformerSelfAttention(12, 100, k=8, heads=2, share_kv=shared)
    mine = Linformer(100, 8, shared=shared, generator=seeded())
    x = numbers(2, n, 12).float()
    with torch.no_grad():
        theirs.proj_k.copy_(mine.for_keys)
        if not shared:
            theirs.proj_v.copy_(mine.for_values)
        sides = [of(x) for of in (theirs.to_q, theirs.to_k, theirs.to_k if shared else theirs.to_v)]
        found = compressed_read(*(side.unflatten(-1, (2, 6)).transpose(1, 2) for side in sides), mine, beta=6**-0.5)
        torch.testing.assert_close(
            theirs.to_out(found.value.transpose(1, 2).flatten(2)), theirs(x), atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize(("n", "landmarks"), [(1, 1), (63, 9), (100, 10)])
def test_nystrom_of_its_package(n: int, landmarks: int) -> None:
    """One sequence of one head, as the package takes norms over the batch; lengths that it need not pad."""
    peer = pytest.importorskip("nystrom_attention", reason="needs nystrom-attention, an oracle of the extra `peers`")
    theirs = peer.NystromAttention(12, dim_head=6, heads=1, num_landmarks=landmarks, pinv_iterations=6, residual=False)
    x = numbers(1, n, 12).float()
    with torch.no_grad():
        query, keys, values = theirs.to_qkv(x).chunk(3, -1)
        found = compressed_read(query, keys, values, Nystrom(landmarks, beta=6**-0.5, iterations=6), beta=6**-0.5)
        torch.testing.assert_close(theirs.to_out(found.value), theirs(x), atol=1e-4, rtol=1e-4)


def test_nystrom_with_all_landmarks_is_the_softmax() -> None:
    query, keys, values = three(20, lead=())
    found = compressed_read(query, keys, values, Nystrom(20)).value
    torch.testing.assert_close(found, soft(query @ keys.T) @ values, atol=1e-6, rtol=1e-5)


def test_an_inverse_does_not_depend_on_its_neighbours() -> None:
    cores = soft(2 * numbers(3, 5, 5))
    found = iterated_inverse(cores, 12)
    torch.testing.assert_close(found, torch.linalg.inv(cores), atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(iterated_inverse(cores[1], 4), iterated_inverse(cores, 4)[1])
    assert (iterated_inverse(torch.zeros(2, 2)) == 0).all()


def test_clusters_of_keys_that_are_their_centres_are_exact() -> None:
    centres = 3 * numbers(4, 6)
    keys = centres[torch.tensor([0, 1, 2, 3, 3, 1, 1, 0])]
    query, values = numbers(5, 6, seed=3), numbers(8, 5, seed=4)
    found = compressed_read(query, keys, values, KMeans(4))
    torch.testing.assert_close(found.value, soft(query @ keys.T) @ values)


def test_clusters_never_get_worse_and_are_those_of_scikit_learn() -> None:
    learn = pytest.importorskip("sklearn.cluster")
    keys = torch.cat([numbers(30, 3, seed=s) + 4 * numbers(1, 3, seed=9 + s) for s in range(3)])
    first = keys[torch.arange(3) * 90 // 3]
    peer = learn.KMeans(3, init=first.numpy(), n_init=1, max_iter=50, algorithm="lloyd").fit(keys.numpy())
    assert cluster(keys, 3, iterations=50).tolist() == peer.labels_.tolist()
    losses = []
    for iterations in range(1, 8):
        groups = cluster(keys, 7, iterations=iterations)
        losses.append(sum((keys[groups == c] - keys[groups == c].mean(0)).square().sum() for c in groups.unique()))
    assert all(after <= before + 1e-9 for before, after in itertools.pairwise(losses))


def test_wrong_input() -> None:
    query, keys, values = three(12, 5)
    mask = torch.ones(5, 12, dtype=torch.bool)
    with pytest.raises(ArgumentError, match=r"^a compression takes slots \(..., n\), not a mask: rows share what was"):
        compressed_read(query, keys, values, Pooled(2), mask=mask)
    with pytest.raises(ArgumentError, match=r"^slots must be bool, True where there is a slot; got torch.int64$"):
        compressed_read(query, keys, values, Pooled(2), slots=torch.ones(12, dtype=torch.int64))
    with pytest.raises(ShapeError, match=r"^keys must have at most length=4 slots; got shape \(2, 3, 12, 6\)$"):
        compressed_read(query, keys, values, Linformer(4, 2, generator=seeded()))
    with pytest.raises(ShapeError, match=r"^values must end in width 4; got shape \(2, 3, 12, 5\)$"):
        compressed_read(query, keys, values, Convolved(6, 4, generator=seeded()).double())
    for build in (
        lambda: Pooled(0),
        lambda: KMeans(0),
        lambda: KMeans(2, 0),
        lambda: Nystrom(0),
        lambda: Nystrom(2, iterations=0),
        lambda: Linformer(0, 2, generator=seeded()),
        lambda: InducingPoints(0, 2, generator=seeded()),
        lambda: Convolved(2, 2, 0, generator=seeded()),
    ):
        with pytest.raises(ArgumentError, match=r" must be at least 1; got 0$"):
            build()
