"""Exhaustive derivation: best first by priority, bounded, deterministic, every conclusion with its proof."""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import TypeAlias

from hybridattn.display import Displayed
from hybridattn.errors import ArgumentError
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.nal.engine.answers import best_answer, told_apart
from hybridattn.reasoning.nal.engine.conclusion import Conclusion, proof
from hybridattn.reasoning.nal.engine.index import Index, holdings
from hybridattn.reasoning.nal.engine.inputs import compounds_in, judged, questioned
from hybridattn.reasoning.nal.engine.plan import Plan, Ready
from hybridattn.reasoning.nal.forms.canonical import as_written, meaning, says_nothing
from hybridattn.reasoning.nal.forms.relations import is_relational
from hybridattn.reasoning.nal.forms.shape import complexity, is_ground
from hybridattn.reasoning.nal.table.reading import InferenceRule, rule_table
from hybridattn.reasoning.narsese import Sentence
from hybridattn.reasoning.term import Term
from hybridattn.reasoning.truth import Truth

__all__ = ["Conclusions", "Progress", "derive"]

Progress: TypeAlias = Callable[["Conclusions"], None]
"""Called after each sentence whose consequences have been drawn."""

Key: TypeAlias = tuple[Term, str, frozenset[int], object, object, bool]
_Ways: TypeAlias = tuple[tuple[Conclusion, ...], frozenset[int], int, float]
_Entry: TypeAlias = tuple[float, int, int, str, float, list[int], int, int, Conclusion]
FLOOR = 0.01
_COUNTED = {".": "derived judgements", "?": "derived questions", "form": "other forms"}
_DIGITS = 9  # truth values that agree to so many decimals are one conclusion


def derive(
    judgements: Iterable[Judgement | Sentence],
    questions: Iterable[Term | Sentence] = (),
    *,
    rules: Sequence[InferenceRule] | None = None,
    nal: int = 6,
    levels: int | None = None,
    limit: int = 10_000,
    floor: float = FLOOR,
    strict: bool = False,
    progress: Progress | None = None,
) -> "Conclusions":
    """Draw all conclusions of some judgements, best first, up to a number of levels and of judgements.

    The sentence with the highest priority is taken next and joined with all that were taken before it, through the
    terms that they share. The priority of an input is that of its budget (.8 for a judgement, .9 for a question, as in
    OpenNARS); of a conclusion, p1 p2 c/log2(1 + complexity). Two conclusions of one term count as two if truth or
    evidence differ. A judgement rests on the union of what its premises rest on; premises that share evidence conclude
    nothing, except where a rule has the flag `overlap`.

    A product and its images (`canonical` makes them equal) are one term in several forms, each with a subject and a
    predicate of its own to reason with. All forms are listed: one inference later, or on the same level where that is
    the last. They count as one judgement, and are revised as one.

    Args:
        judgements: what is known. Sentences are stamped 1, 2, ..., after the highest stamp that is given.
        questions: what is asked; backward rules and rules for compounds that occur need them.
        rules: lines of a table (see `read_rules`), by default `rule_table()`.
        nal: use the rules of NAL-1 up to this one.
        levels: the most inferences on the way from inputs to a conclusion; None for as many as `limit` allows.
        limit: the most judgements that are derived, the most questions, and the most other forms. Reaching it
            is reported by `cut`.
        floor: conclusions with less confidence are dropped, .01 as in OpenNARS and ONA. With 0 all are kept; rules that
            use evidence again may then go round and round with ever less confidence, up to `limit`.
        strict: never let premises share evidence, whatever the rule says.
        progress: called now and then; what it raises stops the derivation, which can be continued by `more`.

    Returns:
        The conclusions; `cut` says why there may be more. Ctrl-C ends a derivation as `limit` does.

    >>> from hybridattn.reasoning import parse_sentence, parse_term
    >>> known = [parse_sentence(text) for text in ("<bird --> animal>.", "<robin --> bird>.")]
    >>> found = derive(known, [parse_term("<robin --> ?what>")], levels=1)
    >>> print(found.best(parse_term("<robin --> animal>")))
    <robin --> animal>. %1.00;0.81%

    Raises:
        ArgumentError: an input is no judgement or question of NAL-1 to NAL-6, or a bound is not positive.
    """
    for name, bound in (("nal", nal), ("limit", limit), ("levels", 1 if levels is None else levels)):
        if bound < 1:
            raise ArgumentError(f"{name} must be at least 1; got {bound}")
    table = rule_table() if rules is None else tuple(rules)
    plan = Plan([rule for rule in table if rule.level <= nal], strict=strict)
    return Conclusions(plan, levels=levels, limit=limit, floor=floor, progress=progress).more(judgements, questions)


class Conclusions(Displayed):
    """What has been derived so far: iterate over it for all judgements, inputs first."""

    def __init__(
        self, plan: Plan, *, levels: int | None, limit: int, floor: float, progress: Progress | None = None
    ) -> None:
        self._plan, self._progress = plan, progress
        self._floor = floor
        self._levels, self._limit = math.inf if levels is None else levels, limit
        self._known: dict[Key, Conclusion] = {}
        self._by_term: dict[Term, list[Conclusion]] = {}
        self._index: Index[Conclusion] = Index()
        self._taken: set[int] = set()
        self._expanded: dict[int, int] = {}
        self._waiting: list[_Entry] = []
        self._unstated: list[Conclusion] = []
        self._ticket = count()
        self._derived = {".": 0, "?": 0, "form": 0}
        self._counted: dict[Key, bool] = {}
        self._asked: dict[Term, Conclusion] = {}
        self._next = 1
        self.cut = ""
        """Why the derivation ended before all was derived; empty where it did not."""

    def __iter__(self) -> Iterator[Conclusion]:
        """Go through all judgements in the order in which they were found."""
        return (found for found in self._known.values() if found.truth is not None)

    def __len__(self) -> int:
        return sum(found.truth is not None for found in self._known.values())

    @property
    def derived(self) -> int:
        """How many judgements were derived: no inputs, no duplicates, no other forms of what is known."""
        return self._derived["."]

    @property
    def questions(self) -> tuple[Conclusion, ...]:
        """All questions, those derived too."""
        return tuple(found for found in self._known.values() if found.punctuation == "?")

    def about(self, term: Term) -> tuple[Conclusion, ...]:
        """Give all judgements of one term, in whichever form, surest first."""
        asked = as_written(term)
        found = told_apart(self._by_term.get(meaning(asked), ()), asked)
        return tuple(sorted(found, key=lambda one: (-one.judgement.truth.confidence, one.number)))

    def best(self, question: Term) -> Conclusion | None:
        """Answer a question by choice, None where nothing answers it; variables stand for whatever fits.

        Of several judgements of one term the surest; of several terms that with the highest
        e/complexity^(1/8), e being the expectation (OpenNARS).
        """
        return best_answer(as_written(question), self._by_term)

    @property
    def answers(self) -> dict[Term, Conclusion | None]:
        """The best answer to each question that was asked."""
        return {term: self.best(term) for term in self._asked}

    def more(
        self,
        judgements: Iterable[Judgement | Sentence] = (),
        questions: Iterable[Term | Sentence] = (),
        *,
        limit: int | None = None,
    ) -> "Conclusions":
        """Add inputs and derive what is new; without any, go on where the last derivation was cut.

        Returns itself. In the end it holds what deriving from all inputs at once gives, unless a limit cut it.

        Args:
            judgements: as for `derive`.
            questions: as for `derive`.
            limit: a new limit, in place of the one before.
        """
        self._limit = self._limit if limit is None else limit
        inputs = list(judgements)
        self._next = max([self._next, *(max(j.stamp) + 1 for j in inputs if isinstance(j, Judgement) and j.stamp)])
        for judgement in inputs:
            found, priority = judged(judgement, self._next, words=self._plan.words)
            self._next += isinstance(judgement, Sentence)
            self._hold(Conclusion(found.term, ".", found.truth, found.stamp, priority=priority))
            self._occurring(found.term)
        for question in questions:
            term, priority = questioned(question, words=self._plan.words)
            held = self._hold(Conclusion(term, "?", None, frozenset(), priority=priority))
            self._asked.setdefault(term, held)
        self._run()
        return self

    def proof(self, conclusion: Conclusion) -> tuple[Conclusion, ...]:
        """Give the chain of inferences from the inputs to one of these conclusions, see `replayed`."""
        return proof(conclusion)

    def _run(self) -> None:
        self.cut = ""
        try:
            while (self._unstated or self._waiting) and not self.cut:
                if self._unstated:
                    self._restate(self._unstated[-1])
                    continue
                given = self._waiting[0][-1]
                if self._expanded.get(given.number) == given.level:
                    heapq.heappop(self._waiting)
                    continue
                self._expand(given)
                if not self.cut:
                    self._expanded[given.number] = given.level
                if self._progress is not None:
                    self._progress(self)
        except KeyboardInterrupt:
            self._mend()
            self.cut = f"interrupted after {self.derived} derived judgements: there may be more"

    def _mend(self) -> None:
        """Make everything agree with what is known, wherever the work was interrupted."""
        self._by_term, self._waiting, self._counted, self._unstated = {}, [], {}, []
        self._derived = dict.fromkeys(self._derived, 0)
        for key, known in list(self._known.items()):
            self._count(key, known)
            if known.punctuation == ".":
                self._by_term.setdefault(meaning(known.term), []).append(known)
            elif known.punctuation == "?":
                self._occurring(known.term)
            if self._expanded.get(known.number) != known.level:
                self._wait(known)
            self._has_forms(known)

    def _hold(self, new: Conclusion) -> Conclusion:
        """Keep a sentence, or see that a known one has a shorter way from the inputs, or a higher priority."""
        truth = new.truth
        values = (round(truth.frequency, _DIGITS), round(truth.confidence, _DIGITS)) if truth else (0, 0)
        key = (new.term, new.punctuation, new.stamp, *values, new.analytic)
        old = self._known.get(key)
        if old is not None:
            self._improve(key, old, new)
            return old
        if new.rule is not None and self._derived[kind := self._kind(key)] >= self._limit:
            self.cut = f"the limit of {self._limit} {_COUNTED[kind]} is reached: there may be more"
            return new
        self._count(key, new)
        new.number = len(self._known)
        self._known[key] = new
        if new.punctuation == ".":
            self._by_term.setdefault(meaning(new.term), []).append(new)
        elif new.punctuation == "?":
            self._occurring(new.term)
        self._wait(new)
        self._has_forms(new)
        return new

    def _improve(self, key: Key, old: Conclusion, new: Conclusion) -> None:
        if new.level < old.level or (old.is_form and new.rule is None):
            if old.rule is not None and new.rule is None:
                self._derived["form" if self._counted.get(_class(key)) is False else old.punctuation] -= 1
                self._counted[_class(key)] = False
            old.rule, old.premises, old.level = new.rule, new.premises, new.level
        elif new.priority <= old.priority or old.number in self._expanded:
            return
        old.priority = max(old.priority, new.priority)
        self._wait(old)
        self._has_forms(old)

    def _kind(self, key: Key) -> str:
        """Tell as what a new conclusion counts."""
        return "form" if is_relational(key[0]) and _class(key) in self._counted else key[1]

    def _count(self, key: Key, new: Conclusion) -> None:
        """Count all forms of one judgement as one; none of them is derived if one of them is an input."""
        if new.rule is not None:
            self._derived[self._kind(key)] += 1
        if is_relational(new.term):
            derived = self._counted.setdefault(_class(key), new.rule is not None)
            if derived and new.rule is None:
                self._derived[new.punctuation] -= 1
                self._derived["form"] += 1
                self._counted[_class(key)] = False

    def _wait(self, new: Conclusion) -> None:
        if new.level < self._levels:
            sureness = 0.0 if new.truth is None else -float(new.truth.confidence)
            order = (-new.priority, new.level, complexity(new.term), str(new.term), sureness, sorted(new.stamp))
            heapq.heappush(self._waiting, (*order, new.number, next(self._ticket), new))

    def _occurring(self, term: Term) -> None:
        for known in compounds_in(term):
            self._hold(Conclusion(known, "", None, frozenset()))

    def _has_forms(self, known: Conclusion) -> None:
        """Note a judgement that is not taken further, but whose other forms are to be listed."""
        if known.punctuation == "." and known.level >= self._levels and not known.is_form and is_relational(known.term):
            self._unstated.append(known)

    def _restate(self, given: Conclusion) -> None:
        """List the other forms of a judgement on its own level."""
        for ready in self._plan.forms:
            for term, truth in ready.conclusions([given.view], is_ground(given.term)):
                if not says_nothing(term):
                    share = given.priority * float(given.judgement.truth.confidence) / math.log2(1 + complexity(term))
                    form = Conclusion(term, ".", truth, given.stamp, ready.rule, (given,), given.level, share)
                    self._hold(form)
                if self.cut:
                    return
        self._unstated.remove(given)

    def _expand(self, given: Conclusion) -> None:
        """Draw all conclusions of one sentence, alone and with those taken before."""
        held = list(holdings(given.term, given.punctuation, self._plan.slots))
        if given.number not in self._taken:
            for slot, term in held:
                self._index.add(slot, term, given)
            self._taken.add(given.number)
        if given.punctuation == ".":
            self._meet(self._plan.alone(given.term), (given,))
        for slot, term in held:
            for way in self._plan.ways[slot]:
                for other in self._index.find(way.slot, term, exact=way.exact):
                    if other is not given and other.level < self._levels:
                        self._meet(way.rules, (given, other) if way.given_first else (other, given))
                        if self.cut:
                            return

    def _meet(self, rules: Sequence[Ready], premises: tuple[Conclusion, ...]) -> None:
        """Apply all rules that fit where the premises come from; what they have in common is worked out once."""
        stamps = [premise.stamp for premise in premises]
        separate = len(stamps) == 1 or stamps[0].isdisjoint(stamps[1])
        views = [premise.view for premise in premises]
        ground = all(is_ground(premise.term) for premise in premises)
        ways: _Ways | None = None
        for ready in rules:
            if (separate or ready.overlap) and not (ready.stated and premises[0].level):
                for term, truth in ready.conclusions(views, ground):
                    if ways is None:
                        ways = _ways(premises)
                    self._conclude(ready.rule, ways, term, truth)

    def _conclude(self, rule: InferenceRule, ways: _Ways, term: Term, truth: Truth | None) -> None:
        if says_nothing(term):
            return
        premises, stamp, level, priority = ways
        share = priority / math.log2(1 + complexity(term))
        if truth is None:
            self._hold(Conclusion(term, "?", None, frozenset(), rule, premises, level, 0.5 * share))
        elif truth.confidence >= self._floor:
            self._hold(Conclusion(term, ".", truth, stamp, rule, premises, level, float(truth.confidence) * share))


def _class(key: Key) -> Key:
    """Give the key that a sentence has in all of its forms."""
    return (meaning(key[0]), *key[1:])


def _ways(premises: tuple[Conclusion, ...]) -> _Ways:
    """What all conclusions of some premises have in common: premises, stamp, level and the priority that is shared."""
    return (
        premises,
        frozenset().union(*[premise.stamp for premise in premises]),
        1 + max([premise.level for premise in premises]),
        math.prod([premise.priority for premise in premises]),
    )
