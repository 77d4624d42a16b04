"""Rules in a store are the rules that were put there."""

from pathlib import Path

import pytest

from hybridattn import MemoryStore, RuleMemory, StoreReader, keep_rules, kept_rules
from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory import HebbianMemory


def learnt(times: int = 3) -> RuleMemory:
    rules = RuleMemory(["parent", "grandparent", "child"], decay=0.9)
    rules.learn([(("parent", "parent"), "grandparent")] * times)
    rules.learn_inverses([("parent", "child")])
    return rules


def test_rules_come_back(tmp_path: Path) -> None:
    rules = learnt()
    with MemoryStore(tmp_path / "store", 2) as store:
        keep_rules(store, rules)
        keep_rules(store, learnt(1), name="fewer")
    with StoreReader(tmp_path / "store") as reader:
        found, fewer = kept_rules(reader), kept_rules(reader, name="fewer")
    assert (found.relations, found.decay) == (rules.relations, 0.9)
    assert all(mine.equal(theirs) for mine, theirs in zip(found.evidence(), rules.evidence(), strict=True))
    assert found.truth("parent", "parent", "grandparent") == rules.truth("parent", "parent", "grandparent")
    assert fewer.truth("parent", "parent", "grandparent") == (1.0, 0.5)
    found.learn([(("parent", "parent"), "grandparent")])
    assert found.truth("parent", "parent", "grandparent")[1] > rules.truth("parent", "parent", "grandparent")[1]


def test_what_is_no_rules(tmp_path: Path) -> None:
    with MemoryStore(tmp_path / "store", 2) as store:
        store.keep("matrix", {"a": HebbianMemory(2, 2)})
        keep_rules(store, learnt())
        about = store.kept("rules").about
        small = {"compositions": HebbianMemory(4, 2), "inverses": HebbianMemory(2, 2)}
        store.keep("small", small, about=about)
        for name in ("matrix", "small"):
            with pytest.raises(MemoryFileError, match=f"keeps as '{name}' is no rules"):
                kept_rules(store, name=name)
        with pytest.raises(ArgumentError, match="keeps nothing named 'other'"):
            kept_rules(store, name="other")
        store.keep("odd", store.kept("rules").memories, about={**about, "relations": ["a", "a"]})
        with pytest.raises((MemoryFileError, ArgumentError), match=r"relations must be different|is no rules"):
            kept_rules(store, name="odd")
