"""Terms made by Hypothesis, allowed and not."""

from hypothesis import strategies as st

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Atom, Compound, Statement, Term, Variable
from hybridattn.reasoning.nal import canonical

WORDS = st.sampled_from("abcdef").map(Atom)
NAMES = st.builds(Variable, st.sampled_from("$#?"), st.sampled_from(["x", "y", "z"]))


def _compounds(parts: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    some = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Statement, st.sampled_from(["-->", "<->", "==>", "<=>"]), parts, parts),
        st.builds(Compound, st.sampled_from(["&", "|", "&&", "||", "*", "{", "["]), some),
        parts.map(lambda part: Compound("--", (part,))),
    )


TERMS = st.recursive(st.one_of(WORDS, NAMES), _compounds, max_leaves=12)


def form(term: Term) -> Term | None:
    try:
        return canonical(term)
    except ArgumentError:
        return None
