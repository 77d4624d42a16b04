"""NAL-6: a term that two premises share becomes a variable."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from hybridattn.reasoning.nal.forms.building import compound, statement
from hybridattn.reasoning.nal.forms.shape import is_ground
from hybridattn.reasoning.nal.table.result import Result
from hybridattn.reasoning.term import PLACEHOLDER, Compound, Statement, Term, Variable

__all__ = [
    "condition_added",
    "condition_generalised",
    "conjunction_extended",
    "conjunction_introduced",
    "equivalence_introduced",
    "implication_introduced",
]

RELIANCE_OF_VARIABLE = 0.9  # of each variable after the first (OpenNARS)
CANDIDATES = 3  # at most 8 combinations, as in OpenNARS


def implication_introduced(first: Term, second: Term) -> Iterator[Result]:
    """{M --> B, M --> A} |- <$x --> A> ==> <$x --> B>; also for a shared predicate, and for more terms that repeat."""
    return _introduced("==>", second, first)


def equivalence_introduced(first: Term, second: Term) -> Iterator[Result]:
    """{M --> B, M --> A} |- <$x --> A> <=> <$x --> B>; also for a shared predicate."""
    return _introduced("<=>", second, first)


def conjunction_introduced(first: Term, second: Term) -> Iterator[Result]:
    """{M --> B, M --> A} |- (&&, <#x --> A>, <#x --> B>); also for a shared predicate."""
    return _introduced("&&", second, first)


def _introduced(joint: str, one: Term, other: Term) -> Iterator[Result]:
    assert isinstance(one, Statement)
    assert isinstance(other, Statement)
    if one.subject != other.subject and one.predicate != other.predicate:
        return
    kind = "#" if joint == "&&" else "$"
    repeated = _repeated(one, other)
    for count in range(1, len(repeated) + 1):
        for chosen in combinations(repeated, count):
            names = {term: Variable(kind, f"v{place}") for place, term in enumerate(chosen)}  # type: ignore[arg-type]
            left, right = with_variables(one, names), with_variables(other, names)
            if left is None or right is None or not _all_twice(names.values(), left, right):
                continue
            joined = compound("&&", (left, right)) if joint == "&&" else statement(joint, left, right)
            if isinstance(joined, Statement) or (isinstance(joined, Compound) and len(joined.parts) == 2):
                yield Result(joined, RELIANCE_OF_VARIABLE ** (count - 1))


def _all_twice(introduced: Iterable[Term], left: Term, right: Term) -> bool:
    both = _within(left) & _within(right)
    return all(variable in both for variable in introduced)


def _repeated(one: Statement, other: Statement) -> list[Term]:
    """The terms that both statements hold and that stand for a side of one of them, the shared side first."""
    by_subject = one.subject == other.subject
    held = _within(one) & _within(other)
    found: dict[Term, None] = {}
    for side in (one, other):
        near, far = (side.subject, side.predicate) if by_subject else (side.predicate, side.subject)
        for term in (near, far if _is_image(far, "/" if by_subject else "\\") else None):
            if term is not None and is_ground(term):
                found.update(dict.fromkeys(_candidates(term)))
    sides = [term for term in found if term in held and term != PLACEHOLDER]
    return sides[:CANDIDATES]


def _is_image(term: Term, slash: str) -> bool:
    return isinstance(term, Compound) and term.connector == slash


def _candidates(term: Term) -> Iterator[Term]:
    """A term and what it is made of, except the relations of images."""
    yield term
    if isinstance(term, Statement):
        yield from _candidates(term.subject)
        yield from _candidates(term.predicate)
    elif isinstance(term, Compound):
        image = term.connector in ("/", "\\")
        if image and isinstance(term.parts[0], Compound) and term.parts[0].connector == term.connector:
            yield from list(_candidates(term.parts[0]))[1:]
        for part in term.parts[1:] if image else term.parts:
            yield from _candidates(part)


def _within(term: Term) -> set[Term]:
    found, waiting = set(), [term]
    while waiting:
        here = waiting.pop()
        found.add(here)
        if isinstance(here, Statement):
            waiting += (here.subject, here.predicate)
        elif isinstance(here, Compound):
            waiting += here.parts
    return found


def with_variables(term: Term, names: Mapping[Term, Term]) -> Term | None:
    """Give a term with whole terms replaced, but never the relation of an image; None where that is not allowed."""
    if term in names:
        return names[term]
    if isinstance(term, Statement):
        subject, predicate = with_variables(term.subject, names), with_variables(term.predicate, names)
        return None if subject is None or predicate is None else statement(term.copula, subject, predicate)
    if isinstance(term, Compound):
        fixed = 1 if term.connector in ("/", "\\") and not isinstance(term.parts[0], Compound) else 0
        parts = [with_variables(part, names) for part in term.parts[fixed:]]
        if any(part is None for part in parts):
            return None
        return compound(term.connector, (*term.parts[:fixed], *[part for part in parts if part is not None]))
    return term


def conjunction_extended(first: Term, second: Term) -> Iterator[Result]:
    """{M --> S, Q} |- (&&, <#x --> S>, Q[M := #x]), for a conditional or conjunction Q with a statement about M."""
    for fact, whole in _generalised(first, second, "#"):
        if not (isinstance(whole, Compound) and whole.connector == "&&" and fact in whole.parts):
            yield Result(compound("&&", (fact, whole)))


def condition_generalised(first: Term, second: Term) -> Iterator[Result]:
    """{M --> S, Q} |- <$x --> S> ==> Q[M := $x], for a conditional or conjunction Q with a statement about M."""
    for fact, whole in _generalised(first, second, "$"):
        yield Result(statement("==>", fact, whole))


def _generalised(first: Term, second: Term, kind: str) -> Iterator[tuple[Term, Term]]:
    if not isinstance(first, Statement):
        return
    conditions = [side for side in statements_in(second) if side != first]
    for shared, of_subject in ((first.subject, True), (first.predicate, False)):
        sides = [side.subject if of_subject else side.predicate for side in conditions]
        if shared in sides and is_ground(shared):
            names: dict[Term, Term] = {shared: Variable(kind, "v0")}  # type: ignore[arg-type]
            fact, whole = with_variables(first, names), with_variables(second, names)
            if fact is not None and whole is not None:
                yield fact, whole


def condition_added(first: Term, second: Term) -> Iterator[Result]:
    """{C, A ==> B} |- (&&, A, C) ==> B where A and C are about one term, which becomes a variable.

    The variable is dependent where B does not have that term, else independent.
    """
    if not (isinstance(first, Statement) and isinstance(second, Statement) and second.copula == "==>"):
        return
    conditions = statements_in(second.subject)
    if first in conditions:
        return
    for shared, of_subject in ((first.subject, True), (first.predicate, False)):
        sides = [side.subject if of_subject else side.predicate for side in conditions]
        if shared in sides and is_ground(shared):
            kind = "$" if shared in _within(second.predicate) else "#"
            names: dict[Term, Term] = {shared: Variable(kind, "v0")}  # type: ignore[arg-type]
            fact, condition, rest = (with_variables(part, names) for part in (first, second.subject, second.predicate))
            if fact is not None and condition is not None and rest is not None:
                both = compound("&&", (condition, fact))
                yield Result(None if both is None else statement("==>", both, rest))


def statements_in(term: Term) -> list[Statement]:
    """Give the inheritance and similarity statements that conditions and conjunctions are made of."""
    if isinstance(term, Statement):
        if term.copula in ("==>", "<=>"):
            return statements_in(term.subject) + statements_in(term.predicate)
        return [term] if term.copula in ("-->", "<->") else []
    if isinstance(term, Compound) and term.connector in ("&&", "||", "--"):
        return [found for part in term.parts for found in statements_in(part)]
    return []
