"""Terms, truth and judgements of a non-axiomatic logic (NARS): no tensors here."""

from hybridattn.reasoning import graph, truth
from hybridattn.reasoning.batched import closure
from hybridattn.reasoning.derivation import Derivation, Inference, replay
from hybridattn.reasoning.fact import Fact
from hybridattn.reasoning.inspection import explain
from hybridattn.reasoning.judgement import Judgement, overlaps
from hybridattn.reasoning.nal import Conclusion, Conclusions, canonical, derive
from hybridattn.reasoning.narsese import Sentence, parse_sentence, parse_term, read_sentences
from hybridattn.reasoning.rules import Rule, apply_rule
from hybridattn.reasoning.term import (
    Atom,
    Compound,
    Statement,
    Term,
    Variable,
    inheritance,
    product,
    substitute,
    variables,
)
from hybridattn.reasoning.truth import Truth

__all__ = [
    "Atom",
    "Compound",
    "Conclusion",
    "Conclusions",
    "Derivation",
    "Fact",
    "Inference",
    "Judgement",
    "Rule",
    "Sentence",
    "Statement",
    "Term",
    "Truth",
    "Variable",
    "apply_rule",
    "canonical",
    "closure",
    "derive",
    "explain",
    "graph",
    "inheritance",
    "overlaps",
    "parse_sentence",
    "parse_term",
    "product",
    "read_sentences",
    "replay",
    "substitute",
    "truth",
    "variables",
]
