"""One input row, from whatever holds it: triples, a networkx graph, a pandas frame, a Narsese judgement."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import networkx as nx

from hybridattn.errors import ArgumentError, FactsError
from hybridattn.reasoning import Atom, Compound, Sentence, Statement, Term, Truth, inheritance, product, variables
from hybridattn.reasoning.fact import COPULA, plain_name
from hybridattn.reasoning.truth import CAP, DEFAULT

__all__ = ["FIELDS", "Row", "from_fields", "from_frame", "from_graph", "from_sentence", "from_triples"]

FIELDS = ("source", "relation", "target", "frequency", "confidence")
WANTED = "source, relation, target[, frequency, confidence]"


class Row(NamedTuple):
    """One observation: what was said to be how true."""

    source: Term
    relation: str
    """The name as it was given."""
    cue: str
    """What the relation is: `-->`, `<->`, or the Narsese text of a relation."""
    target: Term
    truth: Truth


@lru_cache(maxsize=1 << 18)
def atom(name: str) -> Atom:
    """Give the atom of a name, the same object each time while it is in use."""
    return Atom(name)


def statement(source: Term, cue: str, relation: Term, target: Term) -> Statement:
    """Give the statement of a fact: by copula, or of the pair of source and target."""
    if cue in ("-->", "<->"):
        return Statement(cue, source, target)
    return inheritance(product(source, target), relation)


def from_fields(fields: Sequence[Any]) -> Row:
    """Read the values of `FIELDS`; the last two may be missing, None or empty.

    Raises:
        ArgumentError: says what was wanted and what came; the caller knows where.
    """
    if not 3 <= len(fields) <= 5:
        raise ArgumentError(f"expected 3 to 5 fields ({WANTED}); got {len(fields)}")
    names = [_name(field, value) for field, value in zip(FIELDS, fields[:3], strict=False)]
    numbers = [_number(field, value) for field, value in zip(FIELDS[3:], (*fields[3:], None, None), strict=False)]
    source, relation, target = names
    cue = COPULA.get(relation) or str(atom(relation))
    if source == target and relation in COPULA:
        raise ArgumentError(f"source and target of {relation} must differ; both are {source!r}")
    return Row(atom(source), relation, cue, atom(target), _truth(*numbers))


def _name(field: str, value: Any) -> str:
    if not isinstance(value, str) or not (name := value.strip()):
        raise ArgumentError(f"{field} must be a name; got {value!r}")
    return name


def _number(field: str, value: Any) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not 0 <= number <= 1:
        raise ArgumentError(f"{field} must be a number in [0, 1]; got {value!r}")
    return number


def _truth(frequency: float | None, confidence: float | None) -> Truth:
    if frequency is None and confidence is None:
        return DEFAULT
    f = DEFAULT.frequency if frequency is None else frequency
    return Truth(f, DEFAULT.confidence if confidence is None else min(confidence, CAP))


def from_triples(triples: Iterable[Sequence[Any]], *, origin: str = "triples") -> list[Row]:
    """Read sequences (source, relation, target[, frequency, confidence]); a FactsError has the number of a bad one."""
    return list(_numbered(triples, origin, "item"))


def _numbered(items: Iterable[Sequence[Any]], origin: str, unit: str) -> Iterator[Row]:
    for number, item in enumerate(items, 1):
        try:
            if isinstance(item, str) or not isinstance(item, Iterable):
                raise ArgumentError(f"expected 3 to 5 fields ({WANTED}); got {repr(item)[:40]}")
            yield from_fields(tuple(item))
        except ArgumentError as error:
            raise FactsError(f"{origin}, {unit} {number}: {error}") from None


def from_frame(frame: Any) -> list[Row]:
    """Read a data frame, such as one of pandas, with the columns `FIELDS`.

    The last two columns may be missing; NaN counts as missing.
    """
    columns = [str(column) for column in frame.columns]
    if missing := [field for field in FIELDS[:3] if field not in columns]:
        raise FactsError(
            f"frame: expected the columns {WANTED}; {', '.join(missing)} missing among {', '.join(columns)}"
        )
    series = [_column(frame[field]) if field in columns else [None] * len(frame) for field in FIELDS]
    return list(_numbered(zip(*series, strict=True), "frame", "row"))


def _column(series: Any) -> list[Any]:
    """List a column, with None where a value is missing."""
    return [value if there else None for value, there in zip(series, series.notna(), strict=True)]


def from_graph(graph: "nx.Graph[Any]") -> list[Row]:
    """Read the edges of a networkx graph: nodes are named by `str`, relations by the edge's `relation` or `label`.

    Frequency and confidence are the edge's `frequency` and `confidence`, or `f` and `c`. An undirected edge without a
    relation is a similarity, a directed one an inheritance.
    """
    plain = "-->" if graph.is_directed() else "<->"
    edges = ((str(u), _relation(data, plain), str(v), *_edge_truth(data)) for u, v, data in graph.edges(data=True))
    return list(_numbered(edges, "graph", "edge"))


def _relation(data: Mapping[str, Any], plain: str) -> Any:
    return data.get("relation") or data.get("label") or plain


def _edge_truth(data: Mapping[str, Any]) -> tuple[Any, Any]:
    return data.get("frequency", data.get("f")), data.get("confidence", data.get("c"))


def from_sentence(sentence: Sentence) -> Row:
    """Read a Narsese judgement: `<S --> P>`, `<S <-> P>` or `<(*, S, P) --> R>`, without variables.

    Raises:
        ArgumentError: the sentence is something else.
    """
    term = sentence.term
    if sentence.punctuation != ".":
        raise ArgumentError(f"expected a judgement, which ends in a full stop; got {term}{sentence.punctuation}")
    if not isinstance(term, Statement) or term.copula not in ("-->", "<->"):
        raise ArgumentError(f"expected <S --> P>, <S <-> P> or <(*, S, P) --> R>; got {term}")
    if open_ones := variables(term):
        raise ArgumentError(f"expected a fact without variables; got {open_ones[0]} in {term}")
    truth = DEFAULT if sentence.truth is None else sentence.truth
    pair = term.subject
    if term.copula == "-->" and isinstance(pair, Compound) and pair.connector == "*" and len(pair.parts) == 2:
        source, target, relation = *pair.parts, term.predicate
        return Row(source, plain_name(relation), str(relation), target, truth)
    if term.subject == term.predicate:
        raise ArgumentError(f"subject and predicate must differ; got {term}")
    return Row(term.subject, term.copula, term.copula, term.predicate, truth)
