"""Questions about facts: what is asked of what, along which relations."""

from dataclasses import dataclass

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.sources.rows import atom
from hybridattn.reasoning import Compound, Statement, Term, Variable, parse_sentence, variables
from hybridattn.reasoning.fact import COPULA, plain_name

__all__ = ["Question", "read_question"]

FORMS = "<S --> P>?, <S <-> P>? or <(*, S, P) --> R>?, where ?x may stand for S or P"


@dataclass(frozen=True, slots=True)
class Question:
    """A statement with at most one open end, and the relation or path of relations that leads from source to target."""

    term: Statement
    source: Term
    target: Term
    path: tuple[str | None, ...]
    """The relations of the hops, as `Row.cue`; None is any relation."""
    transitive: bool
    """Whether the one relation is a copula that is followed for as many hops as it takes."""

    @property
    def inverse(self) -> bool:
        """Whether the walk starts at the target, because the source is asked for."""
        return isinstance(self.source, Variable)

    @property
    def ends(self) -> tuple[Term, Term]:
        """The end at which the walk starts, and the other one."""
        return (self.target, self.source) if self.inverse else (self.source, self.target)

    def __str__(self) -> str:
        """Print the question in Narsese."""
        return f"{self.term}?"


def read_question(text: str, path: tuple[str, ...] | None = None) -> Question:
    """Read a Narsese question, and the relations to follow if they are not the question's own.

    Raises:
        NarseseError: the text is no Narsese.
        ArgumentError: it is no question that facts can answer.
    """
    sentence = parse_sentence(text)
    term = sentence.term
    if sentence.punctuation != "?":
        raise ArgumentError(f"a question must end in ?; got {term}{sentence.punctuation}")
    if not isinstance(term, Statement) or term.copula not in ("-->", "<->"):
        raise ArgumentError(f"expected {FORMS}; got {term}?")
    if wrong := [variable for variable in variables(term) if variable.kind != "?"]:
        raise ArgumentError(f"what is asked for must be a query variable like ?x; got {wrong[0]}")
    if path is not None and not path:
        raise ArgumentError("path must name at least one relation; got none")
    source, target, own = _parts(term)
    if isinstance(source, Variable) and isinstance(target, Variable):
        raise ArgumentError(f"a question must name its source or its target; got {term}?")
    if inner := [end for end in (source, target) if not isinstance(end, Variable) and variables(end)]:
        raise ArgumentError(f"?x must stand for a whole term; got {inner[0]}")
    transitive = path is None and own in ("-->", "<->")
    if source == target and transitive:
        raise ArgumentError(f"source and target must differ; got {term}?")
    return Question(term, source, target, (own,) if path is None else tuple(map(_cue, path)), transitive)


def _parts(term: Statement) -> tuple[Term, Term, str | None]:
    pair = term.subject
    if term.copula == "-->" and isinstance(pair, Compound) and pair.connector == "*" and len(pair.parts) == 2:
        relation = None if isinstance(term.predicate, Variable) else str(term.predicate)
        return pair.parts[0], pair.parts[1], COPULA.get(plain_name(term.predicate), relation)
    return term.subject, term.predicate, term.copula


def _cue(relation: str) -> str:
    return COPULA.get(relation) or str(atom(relation))
