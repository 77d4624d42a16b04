"""What goes into a derivation: checked, canonical, with a stamp and a priority."""

from collections.abc import Iterator

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.nal.forms.canonical import as_written, loose
from hybridattn.reasoning.nal.forms.shape import parts_of
from hybridattn.reasoning.narsese import Sentence
from hybridattn.reasoning.term import Atom, Compound, Statement, Term
from hybridattn.reasoning.truth import DEFAULT

__all__ = ["compounds_in", "judged", "questioned"]

JUDGEMENT_PRIORITY, QUESTION_PRIORITY = 0.8, 0.9  # OpenNARS
_TEMPORAL = frozenset({"=/>", "=|>", "=\\>", "</>", "<|>", "&/", "&|"})
_FOREIGN = frozenset({"|->", "#", "+", "="})


def judged(
    judgement: Judgement | Sentence, stamp: int, *, words: frozenset[str] = frozenset()
) -> tuple[Judgement, float]:
    """Give a judgement with a canonical term, and its priority; a sentence is stamped with `stamp`.

    `words` are connectors that the rules speak of: ONA's comparatives are refused where no rule knows them.

    Raises:
        ArgumentError: it is no judgement of NAL-1 to NAL-6; says why.
    """
    if isinstance(judgement, Judgement):
        return Judgement(_checked(judgement.term, words), judgement.truth, judgement.stamp), JUDGEMENT_PRIORITY
    _check_sentence(judgement, ".", "judgements")
    truth = DEFAULT if judgement.truth is None else judgement.truth
    priority = judgement.budget[0] if judgement.budget else JUDGEMENT_PRIORITY
    return Judgement(_checked(judgement.term, words), truth, frozenset({stamp})), priority


def questioned(question: Term | Sentence, *, words: frozenset[str] = frozenset()) -> tuple[Term, float]:
    """Give the canonical term of a question, and its priority.

    Raises:
        ArgumentError: it is no question of NAL-1 to NAL-6; says why.
    """
    if isinstance(question, Term):
        return _checked(question, words), QUESTION_PRIORITY
    _check_sentence(question, "?", "questions")
    return _checked(question.term, words), question.budget[0] if question.budget else QUESTION_PRIORITY


def _check_sentence(sentence: Sentence, mark: str, what: str) -> None:
    if not isinstance(sentence, Sentence):
        raise ArgumentError(f"{what} must be sentences that end in {mark!r}; got {sentence!r}")
    if sentence.tense is not None:
        raise ArgumentError(f"{what} must be without tense: NAL-7 is not derived; got {sentence}")
    if sentence.punctuation in ("!", "@"):
        raise ArgumentError(f"{what} must not be goals or quests: NAL-8 is not derived; got {sentence}")
    if sentence.punctuation != mark:
        raise ArgumentError(f"{what} must be sentences that end in {mark!r}; got {sentence}")


def _checked(term: Term, words: frozenset[str]) -> Term:
    for part in parts_of(term):
        word = part.copula if isinstance(part, Statement) else part.connector if isinstance(part, Compound) else ""
        if word in _TEMPORAL:
            raise ArgumentError(f"{word} is temporal: NAL-7 is not derived; got {term}")
        if word in _FOREIGN - words:
            raise ArgumentError(f"{word} is not part of NAL-1 to NAL-6; got {term}")
        if isinstance(part, Atom) and part.name[:1] == "^" and len(part.name) > 1:
            raise ArgumentError(f"{part} is an operation: NAL-8 is not derived; got {term}")
    form = as_written(term)
    if why := loose(form):
        raise ArgumentError(f"{why}; got {term}")
    return form


def compounds_in(term: Term) -> Iterator[Compound]:
    """Give the compounds that occur in a term."""
    return (part for part in parts_of(term) if isinstance(part, Compound))
