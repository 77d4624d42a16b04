"""A second opinion in plain Python: every simple path by brute force, truth values by formulas written out again."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Pair = tuple[float, float]
"""Frequency and confidence."""


class Given(NamedTuple):
    """A fact as the oracle sees it: where it leads from and to, its observations and its truth."""

    source: str
    target: str
    observations: tuple[int, ...]
    truth: Pair


class Path(NamedTuple):
    truth: Pair
    facts: tuple[int, ...]
    observations: frozenset[int]


def strong(one: Pair, other: Pair) -> Pair:
    """Deduction: f = f1 f2, c = f1 f2 c1 c2."""
    f = one[0] * other[0]
    return f, f * one[1] * other[1]


def alike(one: Pair, other: Pair) -> Pair:
    """Resemblance: f = f1 f2, c = c1 c2 (f1 + f2 - f1 f2)."""
    f = one[0] * other[0]
    return f, one[1] * other[1] * (one[0] + other[0] - f)


def by_analogy(plain: Pair, match: Pair) -> Pair:
    """Analogy, the match second: f = f1 f2, c = c1 c2 f2."""
    return plain[0] * match[0], plain[1] * match[1] * match[0]


def both(one: Pair, other: Pair) -> Pair:
    """Intersection: f = f1 f2, c = c1 c2."""
    return one[0] * other[0], one[1] * other[1]


def together(one: Pair, other: Pair) -> Pair:
    """Revision at horizon 1: evidence c/(1 - c) adds up."""
    w1, w2 = one[1] / (1 - one[1]), other[1] / (1 - other[1])
    if w1 + w2 == 0:
        return 0.5, 0.0
    return (w1 * one[0] + w2 * other[0]) / (w1 + w2), (w1 + w2) / (w1 + w2 + 1)


def merged(rows: Sequence[Sequence[Any]], *, symmetric: bool = False) -> list[Given]:
    """Merge rows (source, relation, target, f, c) of one relation: each row is the observation of its own number."""
    found: dict[tuple[str, str], Given] = {}
    for number, (source, _, target, f, c) in enumerate(rows):
        pair = (min(source, target), max(source, target)) if symmetric else (source, target)
        truth = (f, min(c, 0.99))
        old = found.get(pair)
        if old is None:
            found[pair] = Given(*pair, (number,), truth)
        else:
            found[pair] = Given(*pair, (*old.observations, number), together(old.truth, truth))
    return [fact._replace(truth=(fact.truth[0], min(fact.truth[1], 0.99))) for fact in found.values()]


def edges_of(facts: Sequence[Given], *, symmetric: bool = False) -> dict[str, list[tuple[str, Given]]]:
    out: dict[str, list[tuple[str, Given]]] = {}
    for fact in facts:
        out.setdefault(fact.source, []).append((fact.target, fact))
        if symmetric:
            out.setdefault(fact.target, []).append((fact.source, fact))
    return out


def simple_paths(
    edges: Mapping[str, Sequence[tuple[str, Given]]], source: str, target: str, compose: Callable[[Pair, Pair], Pair]
) -> Iterator[Path]:
    """Yield every path without a repeated node, its truth composed from the source outward."""

    def extend(here: str, seen: tuple[str, ...], facts: tuple[Given, ...], truth: Pair | None) -> Iterator[Path]:
        for there, fact in edges.get(here, ()):
            if there in seen:
                continue
            result = fact.truth if truth is None else compose(truth, fact.truth)
            along = (*facts, fact)
            if there == target:
                ids = tuple(one.observations[0] for one in along)
                yield Path(result, ids, frozenset(n for one in along for n in one.observations))
            else:
                yield from extend(there, (*seen, there), along, result)

    yield from extend(source, (source,), (), None)


def verdict(paths: Iterator[Path]) -> tuple[Pair, set[int]] | None:
    """Surest path first, revised by the surest of those that share no observation with the ones already counted."""
    truth: Pair | None = None
    used: set[int] = set()
    cited: set[int] = set()
    ranked = sorted(paths, key=lambda path: (-path.truth[1], -path.truth[0], len(path.facts), path.facts))
    for path in ranked:
        if path.truth[1] > 0 and used.isdisjoint(path.observations):
            truth = path.truth if truth is None else together(truth, path.truth)
            used |= path.observations
            cited |= set(path.facts)
    return None if truth is None else ((truth[0], min(truth[1], 0.99)), cited)


def random_rows(seed: int, relation: str) -> list[list[Any]]:
    """Draw a small graph with cycles and duplicates, and truth values without ties."""
    rng = random.Random(seed)
    names = [f"n{number}" for number in range(rng.randint(2, 6))]
    rows: list[list[Any]] = []
    for _ in range(rng.randint(1, 11)):
        source, target = rng.sample(names, 2)
        f = rng.choice([1.0, 1.0, rng.uniform(0.05, 1)])
        rows.append([source, relation, target, f, rng.uniform(0.05, 0.98)])
    if rng.random() < 0.5:
        again = list(rng.choice(rows))
        again[3:] = [rng.random(), rng.uniform(0.05, 0.98)]
        rows.append(again)
    return rows


RULES: Mapping[str, Callable[[Pair, Pair], Pair]] = {
    "deduction": strong,
    "analogy": by_analogy,
    "resemblance": alike,
    "intersection": both,
    "revision": together,
}


def check_answer(answer: Mapping[str, Any]) -> None:
    """Work an answer of `ask --json` out again from its cited facts and matches, by the formulas of this file."""
    known: dict[str, tuple[Pair, frozenset[int]]] = {}
    for fact in answer["facts"]:
        truth = (fact["frequency"], fact["confidence"])
        known[f"fact:{fact['id']}"] = (truth, frozenset(fact["observations"]))
        assert fact["id"] == min(fact["observations"])
    for match in answer["matches"]:
        known[f"match:{match['id']}"] = ((match["frequency"], match["confidence"]), frozenset(match["stamp"]))
    cited = set(known)
    used: set[str] = set()
    for number, step in enumerate(answer["derivation"]):
        (one, stamp), (other, stamp_too) = (known[premise] for premise in step["premises"])
        used |= set(step["premises"])
        assert not stamp & stamp_too, "evidence is counted twice"
        f, c = RULES[step["rule"]](one, other)
        assert abs(step["frequency"] - f) < 1e-9
        assert abs(step["confidence"] - c) < 1e-9
        assert step["stamp"] == sorted(stamp | stamp_too)
        known[f"step:{number}"] = ((f, c), stamp | stamp_too)
    if answer["derivation"]:
        assert cited <= used, "something is cited and never used"
        (f, c), _ = known[f"step:{len(answer['derivation']) - 1}"]
    else:
        ((f, c), _) = known[next(iter(cited))]
    assert abs(answer["frequency"] - f) < 1e-9
    assert abs(answer["confidence"] - min(c, 0.99)) < 1e-9
    assert abs(answer["expectation"] - (min(c, 0.99) * (f - 0.5) + 0.5)) < 1e-9


def strict(text: str) -> Any:
    """Read JSON that holds no NaN, no infinity and no key twice."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), "a key stands twice"
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=once)
