"""Reading chains: attention that alternates between the facts of a story and the rules of what they compose to."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import torch

from hybridattn.knowledge.rules.answer import RuleAnswer
from hybridattn.knowledge.rules.chart import Bracket, Chart, chart
from hybridattn.knowledge.rules.evidence import LEAST, RuleSource, RuleTable, numbered, rule_table
from hybridattn.knowledge.rules.implications import IMPLIED, rule_facts
from hybridattn.knowledge.rules.story import Link, Paths, Story, paths_of, walk_of
from hybridattn.reasoning import Derivation, Fact, Truth
from hybridattn.reasoning.derivation import Proof
from hybridattn.reasoning.truth import deduction, revision

__all__ = ["Composer"]

BATCH = 256  # paths in one chart


class _Charted(NamedTuple):
    """A path with the chart that holds it."""

    path: tuple[Link, ...]
    chart: Chart
    row: int

    def truth(self, relation: int) -> Truth:
        """Give the truth of a relation of its ends."""
        return Truth(float(self.chart.frequency[self.row, relation]), float(self.chart.confidence[self.row, relation]))


class _Way(NamedTuple):
    """One path that speaks for a relation, and how true that is."""

    relation: int
    truth: Truth
    charted: _Charted

    @property
    def path(self) -> tuple[Link, ...]:
        """The facts."""
        return self.charted.path

    @property
    def bracket(self) -> Bracket:
        """How they compose."""
        found = self.charted.chart.bracketed(self.charted.row, self.relation)
        assert found is not None
        return found


class Composer:
    """Answers stories with rules, in batches: facts in a row compose over all bracketings.

    For each path and relation the surest bracketing is kept (see `chart`). Of several paths to one relation the surest
    is revised by every further one that shares neither facts nor rules with those before it, and choice leaves out the
    others. The answer is the relation whose truth has the highest f c = w+ / (w + k), the least that its frequency can
    become (Wang 2013, the lower end of the frequency interval).

    Args:
        rules: what relations compose to; they are read once, here.
        least: positive evidence that a rule must exceed to be followed.

    >>> from hybridattn.knowledge.rules import RuleMemory, Story
    >>> rules = RuleMemory(["daughter", "sister"])
    >>> rules.learn([(("daughter", "sister"), "daughter")] * 9)
    >>> story = Story.of([("Ann", "daughter", "Bea"), ("Bea", "sister", "Cid")], "Ann", "Cid")
    >>> [answer] = Composer(rules).answer([story])
    >>> print(answer)
    <(*, Ann, Cid) --> daughter>. %1.00;0.729%
    """

    def __init__(self, rules: RuleSource, *, least: float = LEAST) -> None:
        self.relations: tuple[str, ...] = tuple(rules.relations)
        self.table: RuleTable = rule_table(rules, least=least)
        self.rules: dict[tuple[int, ...], Fact] = rule_facts(rules, least=least)
        """The rules as premises of proofs, by the numbers of their relations."""
        self._number = {name: number for number, name in enumerate(self.relations)}
        turns = [key for key in self.rules if len(key) == 2]
        self._inverses = {one: [key for key in turns if key[0] == one] for one in {key[0] for key in turns}}
        more = [key for key in self.rules if key[-1] == IMPLIED and key[0] != key[1]]
        self._implied = {one: [key for key in more if key[0] == one] for one in {key[0] for key in more}}

    @property
    def premises(self) -> tuple[Fact, ...]:
        """The rules that proofs may cite."""
        return tuple(self.rules.values())

    def answer(self, stories: Sequence[Story], *, ordered: bool = False) -> list[RuleAnswer]:
        """Answer stories, in order.

        Args:
            stories: what is told and what is asked.
            ordered: take the facts as a walk, in the order in which they were told (see `walk_of`), and not as a graph
                in which paths from the source to the target have to be found (see `paths_of`).
        """
        turned = [self.relations[one] for one in self._inverses]
        paths = [walk_of(story) if ordered else paths_of(story, turned=turned) for story in stories]
        charted = self._charted([(number, path) for number, some in enumerate(paths) for path in some.found])
        return [
            self._answered(story, some, charted.get(number, []), ordered)
            for number, (story, some) in enumerate(zip(stories, paths, strict=True))
        ]

    def proven(self, paths: Sequence[tuple[Link, ...]], relations: Sequence[str]) -> list[Derivation | None]:
        """Prove that the ends of each path are in the relation that is named for it, by its surest bracketing.

        None where no rules lead to it. Raises ArgumentError where a relation is unknown.
        """
        wanted, charted = numbered(self.relations, relations), self._charted(enumerate(paths))
        found: list[Derivation | None] = []
        for number, relation in enumerate(wanted):
            [one] = charted[number]
            bracket = one.chart.bracketed(one.row, relation)
            found.append(None if bracket is None else self._proof([_Way(relation, one.truth(relation), one)]))
        return found

    def why_not(self, story: Story, paths: Paths, *, ordered: bool) -> str:
        """Say why there is no answer to a story with these paths."""
        unknown = sorted({fact.relation for fact in story.facts} - set(self.relations))
        if not story.facts:
            return "the story has no facts"
        if unknown:
            return f"no rule knows the relation {', '.join(unknown)}"
        if not paths.found:
            how = "the facts are no walk" if ordered else "no path leads"
            return f"{how} from {story.source} to {story.target}" + (" among those looked at" if paths.cut else "")
        return f"no rules compose the facts from {story.source} to {story.target}"

    def _charted(self, paths: Iterable[tuple[int, tuple[Link, ...]]]) -> dict[int, list[_Charted]]:
        """Make charts of paths of equal length together."""
        found: dict[int, list[_Charted]] = {}
        for _, group in groupby(sorted(paths, key=lambda one: len(one[1])), key=lambda one: len(one[1])):
            same = list(group)
            for start in range(0, len(same), BATCH):
                part = same[start : start + BATCH]
                frequency, confidence = self._leaves([path for _, path in part])
                made = chart(frequency, confidence, self.table)
                for row, (number, path) in enumerate(part):
                    found.setdefault(number, []).append(_Charted(path, made, row))
        return found

    def _leaves(self, paths: Sequence[tuple[Link, ...]]) -> torch.Tensor:
        """Give f and c of every relation for each link: (2, b, k, R)."""
        places, truths = [], []
        for row, path in enumerate(paths):
            for step, link in enumerate(path):
                for relation, truth in self._said(link):
                    places.append((row, step, relation))
                    truths.append((truth.frequency, truth.confidence))
        leaves = torch.zeros(len(paths), len(paths[0]), len(self.relations), 2, dtype=torch.float64)
        if places:
            leaves[tuple(torch.tensor(places).T)] = torch.tensor(truths, dtype=torch.float64)
        return leaves.movedim(-1, 0)

    def _said(self, link: Link) -> list[tuple[int, Truth]]:
        number, truth = self._number.get(link.fact.relation), link.fact.judgement.truth
        if number is None:
            return []
        keys = self._inverses[number] if link.inverse else self._implied.get(number, [])
        said = [(key[1], deduction(self.rules[key].judgement.truth, truth)) for key in keys]
        return said if link.inverse else [(number, truth), *said]

    def _answered(self, story: Story, paths: Paths, charted: Sequence[_Charted], ordered: bool) -> RuleAnswer:
        ways = self._ways(charted)
        merged = {relation: self._merged(some) for relation, some in ways.items()}
        best = sorted(merged, key=lambda one: (-_least_frequency(merged[one][0]), one))
        candidates = tuple((self.relations[one], merged[one][0]) for one in best)
        if not best:
            return RuleAnswer(story, None, None, (), self.why_not(story, paths, ordered=ordered), paths.cut)
        proof = self._proof(merged[best[0]][1])
        return RuleAnswer(story, proof, self.relations[best[0]], candidates, "", paths.cut)

    def _ways(self, charted: Sequence[_Charted]) -> dict[int, list[_Way]]:
        ways: dict[int, list[_Way]] = {}
        for one in charted:
            truths = zip(one.chart.frequency[one.row].tolist(), one.chart.confidence[one.row].tolist(), strict=True)
            for relation, (frequency, confidence) in enumerate(truths):
                if confidence > 0:
                    ways.setdefault(relation, []).append(_Way(relation, Truth(frequency, confidence), one))
        return ways

    def _merged(self, ways: Sequence[_Way]) -> tuple[Truth, list[_Way]]:
        """Revise the surest way by all that rest on other evidence."""
        first, *others = sorted(ways, key=lambda way: (-way.truth.confidence, -way.truth.frequency))
        truth, kept = first.truth, [first]
        used = set(self._rests_on(first.path, first.bracket)) if others else set()
        for way in others:
            stamp = set(self._rests_on(way.path, way.bracket))
            if used.isdisjoint(stamp):
                truth, kept = revision(truth, way.truth), [*kept, way]
                used |= stamp
        return truth, kept

    def _rests_on(self, path: Sequence[Link], bracket: Bracket) -> Iterator[int]:
        if not bracket.parts:
            link = path[bracket.start]
            yield from link.fact.judgement.stamp
            if (rule := self._read_by(link, bracket)) is not None:
                yield rule.id
            return
        yield self._rule(bracket).id
        for part in bracket.parts:
            yield from self._rests_on(path, part)

    def _rule(self, bracket: Bracket) -> Fact:
        one, other = bracket.parts
        return self.rules[one.relation, other.relation, bracket.relation]

    def _read_by(self, link: Link, bracket: Bracket) -> Fact | None:
        """Give the rule by which a fact says what it is taken for: turned, or implied; None where it says just that."""
        number = self._number[link.fact.relation]
        if link.inverse:
            return self.rules[number, bracket.relation]
        return None if number == bracket.relation else self.rules[number, bracket.relation, IMPLIED]

    def _proof(self, ways: Sequence[_Way]) -> Derivation:
        """Write down the steps of all ways to one conclusion, revised one after the other."""
        proof, total = Proof(), ""
        for way in ways:
            name = self._prove(proof, way.path, way.bracket)
            total = proof.infer("revision", total, name) if total else name
        return proof.finish()

    def _prove(self, proof: Proof, path: Sequence[Link], bracket: Bracket) -> str:
        if not bracket.parts:
            link = path[bracket.start]
            fact = proof.cite(link.fact)
            rule = self._read_by(link, bracket)
            return fact if rule is None else proof.infer("deduction", proof.cite(rule), fact)
        one, other = (self._prove(proof, path, part) for part in bracket.parts)
        half = proof.infer("deduction", proof.cite(self._rule(bracket)), one)
        return proof.infer("deduction", half, other)


def _least_frequency(truth: Truth) -> float:
    return float(truth.frequency * truth.confidence)
