"""Which facts a conclusion needs: the smallest sets that prove it, and the facts that are in all of them."""

from collections.abc import Iterable

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.derivation import Derivation

__all__ = ["fact_sets", "needed"]

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
