"""The contract of indices: each is a row, and so is one that another package could bring."""

import sys
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory import FaissLists, Index, IndexedMemory, KMeansLists, OneList
from hybridattn.memory.large.lists import checked_lists


@dataclass(frozen=True)
class Signs:
    """An index of one's own: the list of a key is the signs of its first components. It learns nothing."""

    bits: int = 3

    def fit(self, keys: Tensor) -> "Signs":
        return self

    @property
    def lists(self) -> int:
        return 2**self.bits

    def assign(self, keys: Tensor) -> Tensor:
        return ((keys[:, : self.bits] > 0) * 2 ** torch.arange(self.bits)).sum(-1)


INDICES = {"exact": OneList(), "k-means": KMeansLists(12), "faiss": FaissLists(12), "signs": Signs()}


@pytest.fixture(params=INDICES.values(), ids=INDICES)
def index(request: pytest.FixtureRequest) -> Index:
    if isinstance(request.param, FaissLists):
        pytest.importorskip("faiss", reason="needs faiss-cpu, the extra `ann`")
    return request.param


def keys(n: int = 400, d: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    centres = normalize(torch.randn(12, d, generator=generator), dim=-1)
    return centres[torch.arange(n) % 12] + 0.1 * torch.randn(n, d, generator=generator)


def test_it_is_an_index(index: Index) -> None:
    assert isinstance(index, Index)
    assert not isinstance(torch.zeros(2), Index)


def test_every_key_has_one_list(index: Index) -> None:
    fitted = index.fit(keys())
    found = checked_lists(fitted.assign(keys()), keys(), fitted.lists)
    assert found.dtype == torch.int64
    assert len(fitted.assign(keys()[:0])) == 0


def test_the_same_keys_give_the_same_lists(index: Index) -> None:
    assert index.fit(keys()).assign(keys()).equal(index.fit(keys()).assign(keys()))


def test_a_key_has_its_list_wherever_it_stands(index: Index) -> None:
    fitted, order = index.fit(keys()), torch.randperm(400, generator=torch.Generator().manual_seed(1))
    assert fitted.assign(keys()[order]).equal(fitted.assign(keys())[order])
    assert fitted.assign(keys()[7:8]).equal(fitted.assign(keys())[7:8])
    twice = fitted.assign(torch.cat((keys(), keys())))
    assert twice[:400].equal(twice[400:])


def test_keys_in_a_list_are_more_alike_than_others(index: Index) -> None:
    """Mean squared distance to the mean of the list, against that to the mean of all."""
    lists = index.fit(keys()).assign(keys())
    within = sum((keys()[lists == one] - keys()[lists == one].mean(0)).square().sum() for one in lists.unique())
    ratio = float(within / (keys() - keys().mean(0)).square().sum())
    assert ratio <= 1 + 1e-5
    if isinstance(index, KMeansLists | FaissLists):
        assert ratio < 0.35  # 12 clusters whose own spread is 8 * 0.01 of a squared length of 1.08


def test_few_keys_and_none(index: Index) -> None:
    for n in (0, 1, 5):
        fitted = index.fit(keys()[:n])
        checked_lists(fitted.assign(keys()[:n]), keys()[:n], fitted.lists)


def test_a_memory_with_it_reads_exactly_with_all_lists(index: Index) -> None:
    memory = IndexedMemory(8, index=index, probes=64, beta=9.0)
    memory.write(keys())
    memory.build_index()
    found = memory.estimate(keys()[:9] + 0.1, top=3)
    scores = 9.0 * (keys()[:9] + 0.1).double() @ keys().double().T
    exact = torch.softmax(scores, -1) @ keys().double()
    torch.testing.assert_close(found.read.value.double(), exact, atol=1e-5, rtol=1e-5)
    assert found.missing.equal(torch.zeros(9))
    assert found.read.slots.equal(scores.topk(3).indices)


def test_a_memory_with_it_says_how_far_off_it_is(index: Index) -> None:
    memory = IndexedMemory(8, index=index, probes=2, beta=9.0)
    memory.write(keys())
    memory.build_index()
    memory.calibrate(keys()[::2], level=0.9)
    query = keys()[1::2]
    found = memory.estimate(query)
    exact = torch.softmax(9.0 * query.double() @ keys().double().T, -1) @ keys().double()
    off = (found.read.value.double() - exact).norm(dim=-1)
    assert (off <= found.error).float().mean() >= 0.9


def test_without_faiss_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ArgumentError, match=r'pip install "hybridattn\[ann\]"; KMeansLists needs no other package'):
        FaissLists(4).fit(keys())


@pytest.mark.parametrize("kind", [KMeansLists, FaissLists])
def test_sizes_below_one_are_refused(kind: type) -> None:
    for sizes in ({"lists": 0}, {"lists": 2, "iterations": 0}, {"lists": 2, "sample": 0}):
        with pytest.raises(ArgumentError, match="must be at least 1; got 0"):
            kind(**sizes)


@dataclass(frozen=True)
class Wrong:
    found: Tensor

    def fit(self, keys: Tensor) -> "Wrong":
        return self

    lists = 3

    def assign(self, keys: Tensor) -> Tensor:
        return self.found


@pytest.mark.parametrize(
    ("found", "error", "why"),
    [
        (torch.zeros(4, dtype=torch.int64), ShapeError, r"a list for each of 5 keys; got shape \(4,\)"),
        (torch.zeros(5), ArgumentError, "as torch.int64; got torch.float32"),
        (torch.tensor([0, 1, 2, 3, 0]), ArgumentError, "of 3 lists must give numbers from 0 to 2; got 0 to 3"),
        (torch.tensor([0, 1, -1, 2, 0]), ArgumentError, "got -1 to 2"),
    ],
)
def test_an_index_that_does_not_fit_changes_nothing(found: Tensor, error: type[Exception], why: str) -> None:
    memory = IndexedMemory(8, index=Wrong(found))
    ids = memory.write(keys()[:5])
    with pytest.raises(error, match=why):
        memory.build_index()
    assert memory.fresh == 5
    assert memory.keys.equal(keys()[:5])
    assert memory.ids.equal(ids)


def test_a_centre_that_no_key_is_nearest_to_goes_to_a_key() -> None:
    assert KMeansLists(4).fit(torch.full((20, 2), 5.0)).centres.equal(torch.full((4, 2), 5.0))
