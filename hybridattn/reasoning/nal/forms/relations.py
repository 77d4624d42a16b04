"""Relations: the statements that a product and its images make, all of which say the same (NAL-4).

`<(*, A, B) --> R>`, `<A --> (/, R, _, B)>` and `<B --> (/, R, A, _)>` are forms of one statement; so are `<R --> (*, A,
B)>`, `<(\\, R, _, B) --> A>` and `<(\\, R, A, _) --> B>`. Any number of components; relations of relations too.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.nal.forms.building import compound, forbidden, statement
from hybridattn.reasoning.nal.forms.shape import is_flat, order
from hybridattn.reasoning.term import PLACEHOLDER, Compound, Statement, Term

__all__ = ["forms", "is_relational", "normal", "restated"]

MOST = 256
"""Forms of one statement that are looked at: those of a product of 255 components, or of some dozen nested ones."""
_REMEMBERED = 1 << 16
_IMAGES = frozenset({"/", "\\"})
_SPINE = _IMAGES | {"*"}


class _Relation(NamedTuple):
    """A statement read as a relation between components, whichever form it has."""

    slash: str  # "/" where the product is the subject, "\\" where it is the predicate
    name: Term
    parts: tuple[Term, ...]


def is_relational(term: Term) -> bool:
    """Tell whether a term is or holds a statement that has other forms."""
    return not is_flat(term) and _is_relational(term)


@lru_cache(_REMEMBERED)
def _is_relational(term: Term) -> bool:
    if isinstance(term, Statement):
        if any(True for _ in _relations(term)):
            return True
        return is_relational(term.subject) or is_relational(term.predicate)
    return isinstance(term, Compound) and any(map(is_relational, term.parts))


def forms(term: Term) -> tuple[Term, ...]:
    """Give all forms of a statement that are allowed, itself first; of anything else itself alone."""
    found = {term: None}
    for here in _connected(term):
        if isinstance(here, Statement) and not forbidden(here.copula, here.subject, here.predicate):
            found[here] = None
    return tuple(found)


def restated(term: Term) -> tuple[Term, ...]:
    """Give the forms that a statement has as a relation of its components, without those of relations in it."""
    found = [form for form in dict.fromkeys(_next_forms(term)) if form != term]
    return tuple(form for form in found if not forbidden(form.copula, form.subject, form.predicate))


def normal(term: Term) -> Term:
    """Give the one form that all forms of a term share, canonical but for the names of variables.

    Every statement in it has the fewest images that it can have: products, if these are allowed. A part is left as it
    is where another form of it would make a statement say nothing, such as `<S ==> S>`.
    """
    if not is_relational(term):
        return term
    if isinstance(term, Statement):
        whole = statement(term.copula, normal(term.subject), normal(term.predicate)) or term
        return _plainest(whole) if isinstance(whole, Statement) and whole.copula == "-->" else whole
    assert isinstance(term, Compound)
    return compound(term.connector, tuple([normal(part) for part in term.parts])) or term


def _plainest(term: Statement) -> Term:
    """Take the images apart; where that leads to two forms, or to none that is allowed, choose among all."""
    here = term
    while len(found := [one for one in _relations(here) if _is_image_of(here, one)]) == 1:
        whole = _form(found[0])
        if whole is None:
            break
        here = whole
    settled = not (_holds_image(here.subject) or _holds_image(here.predicate))
    if settled and not forbidden(here.copula, here.subject, here.predicate):
        return here
    return min(forms(term), key=lambda form: (_images(form), order(form)))


def _is_image_of(term: Statement, relation: _Relation) -> bool:
    side = term.predicate if relation.slash == "/" else term.subject
    return isinstance(side, Compound) and side.connector == relation.slash


def _holds_image(term: Term) -> bool:
    if not isinstance(term, Compound) or term.connector not in _SPINE:
        return False
    return term.connector != "*" or any(map(_holds_image, term.parts))


def _images(term: Term) -> int:
    if isinstance(term, Statement):
        return _images(term.subject) + _images(term.predicate)
    return (term.connector in _IMAGES) + sum(map(_images, term.parts)) if isinstance(term, Compound) else 0


def _connected(term: Term) -> Iterator[Term]:
    """Walk from form to form, the nearest first, also through forms that are not allowed."""
    seen, waiting = {term}, [term]
    for here in waiting:
        yield here
        for form in _next_forms(here):
            if form not in seen and len(seen) < MOST:
                seen.add(form)
                waiting.append(form)


def _next_forms(term: Term) -> Iterator[Statement]:
    for relation in _relations(term):
        for place in (None, *range(len(relation.parts))):
            form = _form(relation, place)
            if form is not None:
                yield form


def _relations(term: Term) -> Iterator[_Relation]:
    """Read a statement as a relation, in each way in which it is one."""
    if not isinstance(term, Statement) or term.copula != "-->":
        return
    subject, predicate = term.subject, term.predicate
    if isinstance(subject, Compound) and subject.connector == "*":
        yield _Relation("/", predicate, subject.parts)
    if isinstance(predicate, Compound) and predicate.connector == "*":
        yield _Relation("\\", subject, predicate.parts)
    if isinstance(predicate, Compound) and predicate.connector == "/":
        yield _Relation("/", predicate.parts[0], _with(predicate, subject))
    if isinstance(subject, Compound) and subject.connector == "\\":
        yield _Relation("\\", subject.parts[0], _with(subject, predicate))


def _with(image: Compound, part: Term) -> tuple[Term, ...]:
    return tuple(part if place == PLACEHOLDER else place for place in image.parts[1:])


def _form(relation: _Relation, place: int | None = None) -> Statement | None:
    """Give the product of a relation or the image with an open place; None where that is no term: it nests too deep."""
    slash, name, parts = relation
    try:
        if place is None:
            sides: tuple[Term, Term] = Compound("*", parts), name
        else:
            sides = parts[place], Compound(slash, (name, *parts[:place], PLACEHOLDER, *parts[place + 1 :]))
        return Statement("-->", *(sides if slash == "/" else sides[::-1]))
    except ArgumentError:
        return None
