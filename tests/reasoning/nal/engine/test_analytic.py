"""Analytic premises: what definitions alone say is no observation, so nothing is induced from it (OpenNARS)."""

import pytest

from hybridattn.errors import DerivationError
from hybridattn.reasoning import Judgement, Truth, parse_sentence, parse_term
from hybridattn.reasoning.nal import Conclusions, derive, proof, read_rules, replayed, rule_table
from hybridattn.reasoning.nal.engine.inference import Sentential, applied

KNOWN = ["<robin --> (&, bird, swimmer)>. %0.9%", "<robin --> [small]>. %0.8%"]
LEARNING = ("abduction", "induction", "exemplification")
BOOK = read_rules(rule.line.replace("observed", "").strip() for rule in rule_table())


def found(rules: tuple[object, ...] | None = None) -> Conclusions:
    return derive([parse_sentence(line) for line in KNOWN], rules=rules, levels=2)  # type: ignore[arg-type]


def test_components_are_analytic_and_so_are_their_other_forms() -> None:
    one = found().about(parse_term("<robin --> bird>"))[0]
    assert one.analytic
    forms = derive([parse_sentence("<(*, a, b) --> (&, r, s)>.")], levels=2).about(parse_term("<a --> (/, r, _, b)>"))
    assert [form.analytic for form in forms if form.judgement.truth.confidence == pytest.approx(0.81)] == [True]


def test_nothing_is_induced_from_them() -> None:
    term = parse_term("<bird --> [small]>")
    by_component = [one for one in found(BOOK).about(term) if one.rule and one.rule.name in LEARNING]
    assert [(one.rule and one.rule.name, one.premises[1].analytic) for one in by_component] == [("induction", True)]
    # f1 = .8; w = f2 c1 c2 with f2 = .9, c1 = .9, c2 = .9 * .9 * .9
    assert by_component[0].judgement.truth.confidence == pytest.approx(0.9 * 0.9 * 0.729 / (0.9 * 0.9 * 0.729 + 1))
    assert [one for one in found().about(term) if one.rule and one.rule.name in LEARNING] == []


def test_all_else_is_concluded_from_them() -> None:
    names = {one.rule.name for one in found() if one.rule and any(premise.analytic for premise in one.premises)}
    assert not names & set(LEARNING)
    assert {"comparison", "intersection", "union"} <= names


@pytest.mark.parametrize("rule", [rule for rule in rule_table() if rule.name in LEARNING], ids=str)
def test_the_flag_is_on_every_line_that_learns(rule: object) -> None:
    assert "observed" in rule.flags  # type: ignore[attr-defined]


def test_and_on_no_other() -> None:
    assert {rule.name for rule in rule_table() if "observed" in rule.flags} == set(LEARNING)


def test_a_proof_that_learns_from_a_definition_is_refused() -> None:
    [wrong] = [
        one for one in found(BOOK).about(parse_term("<bird --> [small]>")) if one.rule and one.rule.name == "induction"
    ]
    assert replayed(proof(wrong)).stamp == {1, 2}
    strictly = next(rule for rule in rule_table() if rule.line.startswith(wrong.rule.line))  # type: ignore[union-attr]
    wrong.rule = strictly
    with pytest.raises(DerivationError, match="does not conclude"):
        replayed(proof(wrong))


@pytest.mark.parametrize("place", [0, 1])
def test_either_premise_counts(place: int) -> None:
    rule = next(rule for rule in rule_table() if rule.name == "abduction")
    premises = [
        Sentential(parse_term("<p --> m>"), ".", Truth(1, 0.9)),
        Sentential(parse_term("<s --> m>"), ".", Truth(1, 0.9)),
    ]
    assert len(list(applied(rule, premises))) == 1
    premises[place] = premises[place]._replace(analytic=True)
    assert list(applied(rule, premises)) == []


def test_what_is_told_is_an_observation() -> None:
    told = Judgement(parse_term("<robin --> bird>"), Truth(0.9, 0.9 * 0.9 * 0.9), frozenset([1]))
    both = derive([*(parse_sentence(line) for line in KNOWN)], levels=2).more([told])
    about = [one for one in both if one.term == told.term and one.rule is None]
    assert [one.analytic for one in about] == [False]
