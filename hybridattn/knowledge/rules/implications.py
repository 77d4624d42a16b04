"""Rules as Narsese implications: out, for a person and for proofs, and back in."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.rules.evidence import LEAST, Implying, RuleSource
from hybridattn.knowledge.rules.memory import RuleMemory
from hybridattn.reasoning import (
    Atom,
    Compound,
    Fact,
    Judgement,
    Sentence,
    Statement,
    Truth,
    Variable,
    inheritance,
    product,
    read_sentences,
)
from hybridattn.reasoning.fact import plain_name
from hybridattn.reasoning.truth import CAP, DEFAULT

__all__ = ["IMPLIED", "implication", "implied", "read_rules", "rule_facts", "rule_text"]

IMPLIED = -1
"""In the key of a rule: it is no composition, and is not turned."""

A, B, C = Variable("$", "1"), Variable("#", "2"), Variable("$", "3")


class _Counted(NamedTuple):
    """A rule with its evidence."""

    path: tuple[str, ...]
    conclusion: str
    positive: float
    total: float
    turned: bool = True
    """Of a path of one relation: whether it is concluded the other way round."""


def implication(path: tuple[str, ...], conclusion: str) -> Statement:
    """Give the implication of a composition of two relations, or of what one relation is the other way round.

    >>> print(implication(("daughter", "sister"), "daughter"))
    <(&&, <(*, $1, #2) --> daughter>, <(*, #2, $3) --> sister>) ==> <(*, $1, $3) --> daughter>>
    >>> print(implication(("husband",), "wife"))
    <<(*, $1, $3) --> husband> ==> <(*, $3, $1) --> wife>>
    """
    if len(path) == 1:
        return Statement("==>", _related(A, path[0], C), _related(C, conclusion, A))
    if len(path) != 2:
        raise ArgumentError(f"a rule has one or two relations; got {len(path)}")
    conditions = Compound("&&", (_related(A, path[0], B), _related(B, path[1], C)))
    return Statement("==>", conditions, _related(A, conclusion, C))


def implied(relation: str, conclusion: str) -> Statement:
    """Give the implication that two in one relation are in another as well.

    >>> print(implied("mother", "parent"))
    <<(*, $1, $3) --> mother> ==> <(*, $1, $3) --> parent>>
    """
    return Statement("==>", _related(A, relation, C), _related(A, conclusion, C))


def _related(one: Variable, relation: str, other: Variable) -> Statement:
    return inheritance(product(one, other), Atom(relation))


def rule_facts(rules: RuleSource, *, least: float = LEAST) -> dict[tuple[int, ...], Fact]:
    """Give each rule with more than `least` positive evidence as a premise of proofs, by the numbers of its relations.

    The key is (r1, r2, r3), (r, s) of an inverse, or (r, s, IMPLIED) where r implies s of the same two. A rule counts
    as one observation: its id is negative, -1, -2, ..., so that it is none of the facts of a story; source and target
    are its condition and its conclusion. Confidence is not cut.
    """
    names = rules.relations
    facts: dict[tuple[int, ...], Fact] = {}
    for number, rule in enumerate(_counted(rules, least), 1):
        term = _term(rule)
        truth = Truth.from_evidence(rule.positive, rule.total)
        judgement = Judgement(term, truth, frozenset({-number}))
        key = tuple(names.index(name) for name in (*rule.path, rule.conclusion))
        key = key if rule.turned else (*key, IMPLIED)
        facts[key] = Fact(-number, term.subject, "==>", term.predicate, judgement)
    return facts


def _counted(rules: RuleSource, least: float) -> Iterator[_Counted]:
    composed, pairs, inverse, turned = rules.evidence()
    names = rules.relations
    for one, two, three in (composed > least).nonzero().tolist():
        counts = float(composed[one, two, three]), float(pairs[one, two])
        yield _Counted((names[one], names[two]), names[three], min(counts), counts[1])
    for one, other in (inverse > least).nonzero().tolist():
        counts = float(inverse[one, other]), float(turned[one])
        yield _Counted((names[one],), names[other], min(counts), counts[1])
    if isinstance(rules, Implying):
        positive, total = rules.implied()
        for one, other in (positive > least).nonzero().tolist():
            counts = float(positive[one, other]), float(total[one])
            yield _Counted((names[one],), names[other], min(counts), counts[1], turned=False)


def _term(rule: _Counted) -> Statement:
    return implication(rule.path, rule.conclusion) if rule.turned else implied(rule.path[0], rule.conclusion)


def rule_text(rules: RuleSource, *, least: float = LEAST) -> list[str]:
    """Print the rules as Narsese judgements, those of the highest expectation first; confidence is cut to .99.

    >>> rules = RuleMemory(["parent", "grandparent"])
    >>> rules.learn([(("parent", "parent"), "grandparent")] * 3)
    >>> print(*rule_text(rules))
    <(&&, <(*, $1, #2) --> parent>, <(*, #2, $3) --> parent>) ==> <(*, $1, $3) --> grandparent>>. %1.00;0.75%
    """
    judgements = [fact.judgement for fact in rule_facts(rules, least=least).values()]
    judgements.sort(key=lambda one: one.truth.confidence * (0.5 - one.truth.frequency))
    return [str(judgement) for judgement in judgements]


def read_rules(lines: Iterable[str], *, source: str = "<text>", decay: float = 1.0) -> RuleMemory:
    """Read rules from Narsese, one a line, as `rule_text` prints them: evidence is w = c / (1 - c), w+ = f w.

    The confidence that was cut to .99 reads as w = 99. Several rules of one pair rest on the same w, the largest.
    Blank lines and comments are left out; without a truth value a rule has that of a judgement, f 1, c .9.

    Raises:
        NarseseError: a line is no sentence.
        ArgumentError: a sentence is no rule of one or two relations, one comes twice, or the frequencies of a pair sum
            to more than 1.

    >>> rules = read_rules(["<<(*, $1, $2) --> husband> ==> <(*, $2, $1) --> wife>>. %1.00;0.75%"])
    >>> rule_text(rules)
    ['<<(*, $1, $3) --> husband> ==> <(*, $3, $1) --> wife>>. %1.00;0.75%']
    """
    found = [_read(sentence, f"{source}:{number}") for number, sentence in read_sentences(lines, source=source)]
    if not found:
        raise ArgumentError(f"{source} holds no rules; expected at least one implication")
    rules = RuleMemory(sorted({name for rule in found for name in (*rule.path, rule.conclusion)}), decay=decay)
    by_pair: dict[tuple[tuple[str, ...], bool], dict[str, _Counted]] = {}
    for rule in found:
        some = by_pair.setdefault((rule.path, rule.turned), {})
        if rule.conclusion in some:
            raise ArgumentError(f"{source}: expected each rule once; got {_term(rule)} twice")
        some[rule.conclusion] = rule
    for (path, turned), some in by_pair.items():
        if not turned:
            _add_implied(rules, some.values())
            continue
        total = max(rule.total for rule in some.values())
        try:
            rules.add(path, {name: rule.positive / rule.total * total for name, rule in some.items()}, total=total)
        except ArgumentError as error:
            raise ArgumentError(f"{source}: {error}") from None
    return rules


def _add_implied(rules: RuleMemory, some: Collection[_Counted]) -> None:
    total = max(rule.total for rule in some)
    for rule in some:
        positive = rule.positive / rule.total * total
        rules.add_implied(rule.path[0], rule.conclusion, positive=positive, total=total)


def _read(sentence: Sentence, where: str) -> _Counted:
    truth = sentence.truth or DEFAULT
    form = _form(sentence)
    if form is None or sentence.punctuation != "." or not 0 < truth.confidence <= CAP:
        raise ArgumentError(f"{where}: expected a rule such as {implication(('r', 's'), 't')}.; got {sentence}")
    path, conclusion, turned = form
    return _Counted(path, conclusion, float(truth.w_plus), float(truth.w), turned)


def _form(sentence: Sentence) -> tuple[tuple[str, ...], str, bool] | None:
    """Give the relations of a rule, and whether it is turned, whatever its variables are called; None for no rule."""
    term = sentence.term
    if not isinstance(term, Statement) or term.copula != "==>":
        return None
    several = isinstance(term.subject, Compound) and term.subject.connector == "&&"
    parts = term.subject.parts if isinstance(term.subject, Compound) and several else (term.subject,)
    found = [_ends(part) for part in (*parts, term.predicate)]
    links = [one for one in found if one is not None]
    if len(links) != len(found) or len(links) not in (2, 3):
        return None
    *path, (start, relation, end) = links
    turned = len(path) == 2 or path[0][0] != start
    inner = (path[0][0], path[-1][2]) if len(path) == 2 or not turned else (path[0][2], path[0][0])
    joined = len(path) == 1 or path[0][2] == path[1][0] != path[0][0]
    if inner != (start, end) or start == end or not joined or (len(path) == 2 and path[0][2] == end):
        return None
    return tuple(one[1] for one in path), relation, turned


def _ends(term: object) -> tuple[Variable, str, Variable] | None:
    if not isinstance(term, Statement) or term.copula != "-->" or not isinstance(term.predicate, Atom):
        return None
    pair = term.subject
    if not isinstance(pair, Compound) or pair.connector != "*" or len(pair.parts) != 2:
        return None
    one, other = pair.parts
    if not isinstance(one, Variable) or not isinstance(other, Variable):
        return None
    return one, plain_name(term.predicate), other
