"""A family tree from a seeded generator, and how two of its people are related by walking the tree: an oracle."""

import random

RELATIONS = (
    *("father", "mother", "son", "daughter", "brother", "sister", "husband", "wife"),
    *("grandfather", "grandmother", "grandson", "granddaughter", "uncle", "aunt", "nephew", "niece"),
)
GENDERED = {
    "parent": ("father", "mother"),
    "child": ("son", "daughter"),
    "sibling": ("brother", "sister"),
    "spouse": ("husband", "wife"),
    "grandparent": ("grandfather", "grandmother"),
    "grandchild": ("grandson", "granddaughter"),
    "parent's sibling": ("uncle", "aunt"),
    "sibling's child": ("nephew", "niece"),
}


class Family:
    """Couples with children, three generations deep."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.parents: dict[str, tuple[str, str]] = {}
        self.spouse: dict[str, str] = {}
        self.female: dict[str, bool] = {}
        couples = [self._couple(self._person(), self._person()) for _ in range(2)]
        for _ in range(2):
            children = [child for couple in couples for child in self._children(couple)]
            couples = [self._couple(child, self._person()) for child in children]

    def _person(self) -> str:
        name = f"p{len(self.female)}"
        self.female[name] = self.random.random() < 0.5
        return name

    def _couple(self, one: str, other: str) -> tuple[str, str]:
        self.female[other] = not self.female[one]
        self.spouse.update({one: other, other: one})
        return one, other

    def _children(self, couple: tuple[str, str]) -> list[str]:
        children = [self._person() for _ in range(self.random.choice([2, 3, 3]))]
        self.parents.update(dict.fromkeys(children, couple))
        return children

    def relation(self, of: str, to: str) -> str | None:
        """What `to` is to `of`; None where it has no name here."""
        parents, theirs = self.parents.get(of, ()), self.parents.get(to, ())
        kinds = {
            "spouse": self.spouse.get(of) == to,
            "parent": to in parents,
            "child": of in theirs,
            "sibling": bool(parents) and parents == theirs and of != to,
            "grandparent": any(to in self.parents.get(one, ()) for one in parents),
            "grandchild": any(of in self.parents.get(one, ()) for one in theirs),
            "parent's sibling": any(self._siblings(one, to) for one in parents),
            "sibling's child": any(self._siblings(of, one) for one in theirs),
        }
        return next((GENDERED[kind][self.female[to]] for kind, holds in kinds.items() if holds), None)

    def _siblings(self, one: str, other: str) -> bool:
        return one != other and one in self.parents and self.parents[one] == self.parents.get(other)

    def near(self) -> dict[str, list[tuple[str, str]]]:
        """For each person parents, children, siblings and spouse: (name, relation)."""
        close = {GENDERED[kind][sex] for kind in ("parent", "child", "sibling", "spouse") for sex in (0, 1)}
        pairs = {one: [(other, self.relation(one, other)) for other in self.female] for one in self.female}
        return {one: [(other, r) for other, r in some if r in close] for one, some in pairs.items()}

    def walk(
        self, length: int, near: dict[str, list[tuple[str, str]]]
    ) -> tuple[list[tuple[str, str, str]], str] | None:
        """Facts from someone to someone else, nobody twice, and how the last is related to the first."""
        here = self.random.choice(list(self.female))
        people, facts = [here], []
        for _ in range(length):
            choices = [(name, relation) for name, relation in near[here] if name not in people]
            if not choices:
                return None
            name, relation = self.random.choice(choices)
            facts.append((here, relation, name))
            people.append(name)
            here = name
        last = self.relation(people[0], here)
        return None if last is None else (facts, last)


def walks(lengths: tuple[int, ...], count: int, seed: int) -> list[tuple[list[tuple[str, str, str]], str]]:
    """Walks in different families."""
    found, number = [], 0
    while len(found) < count:
        family = Family(1000 * seed + number)
        near = family.near()
        some = [family.walk(family.random.choice(lengths), near) for _ in range(100)]
        found += [walk for walk in some if walk is not None]
        number += 1
    return found[:count]
