"""Which facts a conclusion needs: the smallest sets that prove it, and the facts that are in all of them."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.derivation import Derivation
from hybridattn.reasoning.nal.engine.conclusion import Conclusion, proof
from hybridattn.reasoning.nal.forms.canonical import canonical

__all__ = ["FactSets", "dominators", "fact_sets", "minimal_fact_sets", "needed"]

Sets = frozenset[frozenset[int]]


def fact_sets(*derivations: Derivation, limit: int = 10_000) -> tuple[frozenset[int], ...]:
    """Find the minimal sets of facts that prove a conclusion: none of them proves it without each of its facts.

    Revision needs either of its premises, every other step both; several derivations of one term are alternatives.

    Args:
        derivations: proofs of one term.
        limit: how many sets may be held; there can be exponentially many.

    Returns:
        Sets of ids of facts, the smallest first, then the one with the lower ids.

    Raises:
        ArgumentError: no derivation is given, they conclude different terms, or there are more sets than `limit`.
    """
    if len({derivation.conclusion.term for derivation in derivations}) != 1:
        terms = ", ".join(str(derivation.conclusion.term) for derivation in derivations)
        raise ArgumentError(f"derivations must conclude one term; got {terms or 'none'}")
    ways = _minimal((way for derivation in derivations for way in _ways(derivation, limit)), limit)
    return tuple(sorted(ways, key=lambda way: (len(way), sorted(way))))


def needed(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    """Give the facts that every proof needs (its dominators): without one of them nothing is proved.

    >>> sorted(needed([frozenset({1, 2}), frozenset({1, 3, 4})]))
    [1]
    """
    first, *more = sets
    return first.intersection(*more)


def _ways(derivation: Derivation, limit: int) -> Sets:
    known: dict[str, Sets] = {f"fact:{fact.id}": frozenset({frozenset({fact.id})}) for fact in derivation.facts}
    known |= {f"match:{place}": frozenset({frozenset[int]()}) for place in range(len(derivation.matches))}
    for place, step in enumerate(derivation.steps):
        parts = [known[premise] for premise in step.premises]
        if step.rule == "revision":
            ways = _minimal((way for part in parts for way in part), limit)
        else:
            ways = frozenset({frozenset[int]()})
            for part in parts:
                ways = _minimal((one | other for one in ways for other in part), limit)
        known[f"step:{place}"] = ways
    last = f"step:{len(derivation.steps) - 1}" if derivation.steps else f"fact:{derivation.facts[0].id}"
    return known[last]


def _minimal(ways: Iterable[frozenset[int]], limit: int) -> Sets:
    kept: list[frozenset[int]] = []
    for way in sorted(set(ways), key=len):
        if not any(smaller <= way for smaller in kept):
            kept.append(way)
        if len(kept) > limit:
            raise ArgumentError(f"there are more than {limit} minimal fact sets; raise limit to find them all")
    return frozenset(kept)


@dataclass(frozen=True, slots=True)
class FactSets:
    """The minimal sets of inputs that prove a statement, as far as they were followed."""

    sets: tuple[tuple[Conclusion, ...], ...]
    """The smallest first; inputs in the order of their numbers."""
    cut: str
    """Why there may be other or smaller ones; empty where these are all."""


def minimal_fact_sets(judgements: Iterable[Conclusion], *, limit: int = 1_000) -> FactSets:
    """Find the minimal sets of inputs from which the engine proves a statement: without any one of them it does not.

    An AND-OR search over the proofs that are held: the judgements of the statement are alternatives, revision needs
    either of its premises, every other step all of them. If the derivation was complete to its depth (no `cut`) and
    every input is an observation of its own, these are all sets from which it would conclude the statement again, with
    whatever truth; questions and compounds are taken as given. Where inputs share observations, the engine holds one of
    several proofs that rest on the same ones.

    Args:
        judgements: judgements of one statement, such as `Conclusions.about` gives.
        limit: how many sets are held for a sentence. There can be exponentially many; beyond the limit the smallest are
            kept, which `cut` reports: each set still proves the statement, but others may be missing, smaller ones too.

    Raises:
        ArgumentError: there is no judgement, they are of different terms, or the limit is not positive.
    """
    goals = _goals(judgements)
    if limit < 1:
        raise ArgumentError(f"limit must be at least 1; got {limit}")
    ways: dict[int, _Ways] = {}
    inputs: dict[int, Conclusion] = {}
    cut = False
    for step in _supported(goals):
        parts = [ways[id(premise)] for premise in step.premises if premise.truth is not None]
        if step.rule is None:
            inputs[id(step)] = step
            mine: Iterable[frozenset[int]] = [frozenset({id(step)})]
        elif _either(step):
            mine = (way for part in parts for way in part)
        else:
            mine = [frozenset[int]().union(*some) for some in itertools.product(*parts)]
        ways[id(step)], more = _smallest(mine, limit)
        cut |= more
    whole, more = _smallest((way for goal in goals for way in ways[id(goal)]), limit)
    named = [tuple(sorted((inputs[key] for key in way), key=_place)) for way in whole]
    named.sort(key=lambda way: (len(way), [_place(one) for one in way]))
    reason = f"more than {limit} sets prove one sentence: other sets may be missing" if cut or more else ""
    return FactSets(tuple(named), reason)


def dominators(judgements: Iterable[Conclusion]) -> tuple[Conclusion, ...]:
    """Give the inputs that every proof of a statement needs: without any one of them it cannot be concluded.

    As `minimal_fact_sets` sees proofs, but in linear time: a step needs what any of its premises needs, alternatives
    need what all of them need. (The dominators of the graph of a proof would be wrong: there a path that goes round an
    input is enough to spare it, while a step needs all its premises.)

    Args:
        judgements: judgements of one statement, such as `Conclusions.about` gives.

    Raises:
        ArgumentError: there is no judgement, or they are of different terms.
    """
    goals = _goals(judgements)
    needs: dict[int, frozenset[int]] = {}
    inputs: dict[int, Conclusion] = {}
    for step in _supported(goals):
        parts = [needs[id(premise)] for premise in step.premises if premise.truth is not None]
        if step.rule is None:
            inputs[id(step)] = step
            needs[id(step)] = frozenset({id(step)})
        else:
            needs[id(step)] = _common(parts) if _either(step) else frozenset[int]().union(*parts)
    return tuple(sorted((inputs[key] for key in _common([needs[id(goal)] for goal in goals])), key=_place))


_Ways: TypeAlias = tuple[frozenset[int], ...]


def _goals(judgements: Iterable[Conclusion]) -> list[Conclusion]:
    goals = list(judgements)
    if len({canonical(goal.term) for goal in goals}) != 1 or any(goal.truth is None for goal in goals):
        raise ArgumentError(f"expected judgements of one term; got {', '.join(map(str, goals)) or 'none'}")
    return goals


def _supported(goals: Sequence[Conclusion]) -> list[Conclusion]:
    """Give all judgements that the goals rest on, each after its premises."""
    roof = Conclusion(goals[0].term, "", None, frozenset(), premises=tuple(goals))
    return [step for step in proof(roof) if step.truth is not None]


def _either(step: Conclusion) -> bool:
    return step.rule is not None and step.rule.name == "revision"


def _place(one: Conclusion) -> tuple[int, list[int], str]:
    return one.number, sorted(one.stamp), str(one)


def _common(parts: Sequence[frozenset[int]]) -> frozenset[int]:
    return parts[0].intersection(*parts[1:])


def _smallest(ways: Iterable[frozenset[int]], limit: int) -> tuple[_Ways, bool]:
    """Keep minimal sets, the smallest first, up to a limit; tell whether there are more."""
    kept: list[frozenset[int]] = []
    for way in sorted(dict.fromkeys(ways), key=len):
        if not any(smaller <= way for smaller in kept):
            if len(kept) == limit:
                return tuple(kept), True
            kept.append(way)
    return tuple(kept), False
