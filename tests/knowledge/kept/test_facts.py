"""Facts in a folder answer as those in memory do, with the same ids, truths and terms."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridattn import FactMemory, MemoryStore, keep_facts
from hybridattn.errors import ArgumentError, FactsError, MemoryFileError, ShapeError, SlotError, StoreBusyError
from hybridattn.knowledge import SymbolCodes
from hybridattn.knowledge.sources import Row, from_sentence, from_triples
from hybridattn.memory import StoreReader, verify_store
from hybridattn.reasoning import parse_sentence

TRIPLES = [
    ("robin", "is_a", "bird"),
    ("bird", "isa", "animal", 0.9, 0.8),
    ("robin", "is_a", "bird", 0.5, 0.5),
    ("thrush", "similar_to", "robin"),
    ("robin", "similar_to", "thrush", 0.7),
    ("a b", "eats", 'wo"rm\\'),
    ("птица", "is_a", "animal"),
    ("robin", "is_a", "bird", 1, 1),
    ("bird", "is_a", "thing", 1, 0),
]


def rows(triples: list[tuple[object, ...]] = TRIPLES) -> list[Row]:
    return from_triples(triples)


def same(one: FactMemory, other: FactMemory) -> None:
    assert list(one) == list(other)
    assert one.describe() == other.describe()
    assert list(one.to_narsese()) == list(other.to_narsese())
    assert one.memory.codes.equal(other.memory.codes)
    torch.testing.assert_close(one.memory.entities, other.memory.entities)
    torch.testing.assert_close(one.memory.cues, other.memory.cues)


def test_what_is_opened_is_what_was_kept(tmp_path: Path) -> None:
    counted = keep_facts(tmp_path / "facts", rows())
    assert counted.to_json() == {"added": 9, "observations": 9, "symbols": 8}
    memory = FactMemory.open(tmp_path / "facts")
    same(memory, FactMemory(rows()))
    assert memory.fact(3).judgement == FactMemory(rows()).fact(3).judgement
    with pytest.raises(SlotError):
        memory.fact(2)
    question = "<robin --> animal>?"
    assert memory.ask(question).to_json() == FactMemory(rows()).ask(question).to_json()
    assert FactMemory.load(tmp_path / "facts", beta=90.0).beta == 90.0


def test_terms_that_are_no_names(tmp_path: Path) -> None:
    lines = [
        "<{Tweety} --> bird>. %0.9;0.8%",
        "<(*, acid, base) --> reaction>.",
        "<(&, a, b) <-> [yellow]>.",
        '<"<a --> b>" --> c>.',
    ]
    given = [from_sentence(parse_sentence(line)) for line in lines]
    keep_facts(tmp_path / "facts", given)
    same(FactMemory.open(tmp_path / "facts"), FactMemory(given))


@settings(max_examples=15)
@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from("abc"),
                st.sampled_from(["r", "s", "similar_to"]),
                st.sampled_from("de"),
                st.floats(0, 1),
                st.floats(0, 1),
            ),
            max_size=12,
        ),
        max_size=4,
    )
)
def test_imports_add_up(parts: list[list[tuple[object, ...]]]) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        for part in parts:
            keep_facts(Path(folder, "facts"), rows(part))
        whole = FactMemory(rows([row for part in parts for row in part]))
        if parts:
            same(FactMemory.open(Path(folder, "facts")), whole)


def test_what_is_added_after_opening_joins_what_was_there(tmp_path: Path) -> None:
    keep_facts(tmp_path / "facts", rows())
    memory, other = FactMemory.open(tmp_path / "facts"), FactMemory(rows())
    more = [("robin", "is_a", "bird"), ("wren", "is_a", "bird"), ("thrush", "<->", "robin"), ("wren", "eats", "wren")]
    for one in (memory, other):
        one.add(more)
    same(memory, other)
    assert memory.fact(0).judgement.stamp == {0, 2, 7, 9}
    same(FactMemory.open(tmp_path / "facts"), FactMemory(rows()))


def test_the_store_knows_evidence_and_no_terms(tmp_path: Path) -> None:
    keep_facts(tmp_path / "facts", rows())
    with StoreReader(tmp_path / "facts" / "facts") as facts, StoreReader(tmp_path / "facts" / "symbols") as symbols:
        assert facts.evidence_of(torch.tensor([2])).tolist() == [[0.5, 1.0]]
        assert facts.labels_of(torch.tensor([1, 5])) == ["isa", "eats"]
        assert symbols.labels_of(symbols.ids)[:2] == ["robin", "bird"]
        code = SymbolCodes().encode(["bird"])
        assert symbols.read(code, top=1).slots.tolist() == [[1]]


def test_an_observation_that_was_erased_is_not_read(tmp_path: Path) -> None:
    keep_facts(tmp_path / "facts", rows())
    with MemoryStore(tmp_path / "facts" / "facts") as facts:
        facts.erase(torch.tensor([0, 3, 4]))
    memory = FactMemory.open(tmp_path / "facts")
    assert [(fact.id, sorted(fact.judgement.stamp)) for fact in memory] == [
        (1, [1]),
        (2, [2, 7]),
        (5, [5]),
        (6, [6]),
        (8, [8]),
    ]
    memory.add([("robin", "is_a", "bird")])
    assert memory.fact(2).judgement.stamp == {2, 7, 9}


class Lengths:
    """An encoder of a user: how long a name is, and which letters it has."""

    dim = 27

    def encode(self, symbols: list[str]) -> torch.Tensor:
        counts = [[1.0 + len(name), *(name.count(chr(97 + place)) for place in range(26))] for name in symbols]
        return torch.nn.functional.normalize(torch.tensor(counts).reshape(-1, 27), dim=-1)


def test_vectors_of_an_encoder_last(tmp_path: Path) -> None:
    keep_facts(tmp_path / "facts", rows(), encoder=Lengths())
    with pytest.raises(ArgumentError, match="was made with an encoder of its own: encoder must be that one; got None"):
        FactMemory.open(tmp_path / "facts")
    with pytest.raises(ShapeError, match=r"encoder must have dim=27 as .* has; got 256"):
        FactMemory.open(tmp_path / "facts", encoder=SymbolCodes())
    with pytest.raises(ShapeError, match="encoder must have dim=27"):
        keep_facts(tmp_path / "facts", rows(), encoder=SymbolCodes())
    memory, other = FactMemory.open(tmp_path / "facts", encoder=Lengths()), FactMemory(rows(), encoder=Lengths())
    same(memory, other)
    assert memory.ask("<robins --> animal>?").to_json() == other.ask("<robins --> animal>?").to_json()


def test_words_of_the_built_in_one(tmp_path: Path) -> None:
    keep_facts(tmp_path / "facts", rows([("poodle.n.01", "is_a", "dog.n.01")]), words="wordnet")
    memory = FactMemory.load(tmp_path / "facts")
    assert [str(one.term) for one in memory.ask("<poodle --> dog.n.01>?")] == ["<poodle.n.01 --> dog.n.01>"]


def test_what_is_no_store_of_facts(tmp_path: Path) -> None:
    MemoryStore(tmp_path / "store", 3).close()
    (tmp_path / "empty").mkdir()
    with pytest.raises(FactsError, match="or a folder that `facts import` made"):
        FactMemory.load(tmp_path / "store")
    for name in ("store", "empty", "nothing"):
        with pytest.raises(MemoryFileError, match="is no store of facts"):
            FactMemory.open(tmp_path / name)
    with pytest.raises(MemoryFileError, match="is not free"):
        keep_facts(tmp_path / "store", rows())
    assert sorted(os.listdir(tmp_path)) == ["empty", "store"]


def test_two_writers(tmp_path: Path) -> None:
    keep_facts(tmp_path / "facts", rows())
    with MemoryStore(tmp_path / "facts" / "facts"), pytest.raises(StoreBusyError, match="has a writer already"):
        keep_facts(tmp_path / "facts", rows())
    assert FactMemory.open(tmp_path / "facts").describe()["observations"] == 9


def test_an_import_that_ends_between_symbols_and_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Symbols without a fact are no harm: the facts are as they were, and the next import takes the symbols."""
    keep_facts(tmp_path / "facts", rows())
    write = MemoryStore.write

    def stopped(self: MemoryStore, *arguments: object, **more: object) -> object:
        if self.path.name == "facts":
            raise KeyboardInterrupt
        return write(self, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryStore, "write", stopped)
        with pytest.raises(KeyboardInterrupt):
            keep_facts(tmp_path / "facts", rows([("new", "knows", "newer")]))
    assert [str(one) for one in FactMemory.open(tmp_path / "facts")] == [str(one) for one in FactMemory(rows())]
    keep_facts(tmp_path / "facts", rows([("new", "knows", "newer")]))
    same_facts = [str(one) for one in FactMemory(rows([*TRIPLES, ("new", "knows", "newer")]))]
    assert [str(one) for one in FactMemory.open(tmp_path / "facts")] == same_facts
    assert verify_store(tmp_path / "facts" / "symbols").slots == 10


def test_stores_that_do_not_go_together(tmp_path: Path) -> None:
    keep_facts(tmp_path / "facts", rows())
    keep_facts(tmp_path / "other", rows([("a", "b", "c")]))
    shutil.rmtree(tmp_path / "facts" / "symbols")
    shutil.copytree(tmp_path / "other" / "symbols", tmp_path / "facts" / "symbols")
    with pytest.raises(MemoryFileError, match=r"it names symbols that .* lacks"):
        FactMemory.open(tmp_path / "facts")
    with MemoryStore(tmp_path / "facts" / "symbols") as symbols:
        symbols.erase(torch.tensor([0]))
    with pytest.raises(MemoryFileError, match="its slots are not symbols with a name each"):
        FactMemory.open(tmp_path / "facts")


def test_another_version(tmp_path: Path) -> None:
    keep_facts(tmp_path / "facts", rows())
    with MemoryStore(tmp_path / "facts" / "facts") as facts:
        facts.keep("facts", {}, about={**facts.kept("facts").about, "version": 9})
    with pytest.raises(MemoryFileError, match=r"has the version 9 of hybridattn.facts, not 1"):
        FactMemory.open(tmp_path / "facts")


def test_wordnet_is_the_same_in_a_folder(tmp_path: Path, wordnet: FactMemory) -> None:
    from hybridattn.knowledge.sources import wordnet_rows

    keep_facts(tmp_path / "wordnet", wordnet_rows(), words="wordnet")
    memory = FactMemory.load(tmp_path / "wordnet")
    assert memory.memory.codes.equal(wordnet.memory.codes)
    question = "<cheetah.n.01 --> animal.n.01>?"
    assert json.dumps(memory.ask(question).to_json()) == json.dumps(wordnet.ask(question).to_json())
    assert memory.describe() == wordnet.describe()
