"""What every line of the rule table promises."""

import itertools

import pytest

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Compound, Judgement, Statement, Term, Truth, Variable, parse_term, truth, variables
from hybridattn.reasoning.nal import InferenceRule, derive, ona_rules, read_rules, rule_table
from hybridattn.reasoning.nal.table.reading import TRUTHS

RULES = rule_table() + ona_rules()
GRID = [Truth(f, c) for f in (0.0, 0.3, 0.5, 0.9, 1.0) for c in (0.1, 0.5, 0.9, 0.99)]
OVERLAPPING = (
    21  # lines of nars.md under "Evidence": detachment, conditional deduction and analogy, shared-side reduction
)


@pytest.mark.parametrize("rule", RULES, ids=[rule.line for rule in RULES])
def test_the_truth_function_exists_and_gives_a_truth(rule: InferenceRule) -> None:
    judgements = sum(premise.punctuation == "." for premise in rule.premises)
    for truths in itertools.product(GRID, repeat=judgements):
        value = rule.truth_function(*truths)
        assert 0 <= value.frequency <= 1
        assert 0 <= value.confidence < 1


@pytest.mark.parametrize("rule", RULES, ids=[rule.line for rule in RULES])
def test_no_conclusion_is_surer_than_its_weakest_premise(rule: InferenceRule) -> None:
    if rule.name == "revision":
        return_surer = [max(a.confidence, b.confidence) <= truth.revision(a, b).confidence for a in GRID for b in GRID]
        assert all(return_surer)
        return
    judgements = sum(premise.punctuation == "." for premise in rule.premises)
    for truths in itertools.product(GRID, repeat=judgements):
        assert rule.truth_function(*truths).confidence <= min(t.confidence for t in truths) + 1e-12


@pytest.mark.parametrize("rule", RULES, ids=[rule.line for rule in RULES])
def test_no_conclusion_has_a_variable_that_its_premises_lack(rule: InferenceRule) -> None:
    held = {variable for premise in rule.premises for variable in variables(premise.pattern)}
    if isinstance(rule.conclusion, Term):
        assert set(variables(rule.conclusion)) <= held
    else:
        assert rule.conclusion.__doc__, "a function of the table says what it concludes"


def test_the_flag_overlap_is_where_nars_md_allows_it() -> None:
    for rule in RULES:
        if "overlap" in rule.flags:
            detaches = rule.level >= 5 and rule.name in ("deduction", "analogy")
            assert detaches or rule.name.startswith("reduce_"), rule.line
    assert sum("overlap" in rule.flags for rule in RULES) == OVERLAPPING


def _instance(pattern: Term) -> Term:
    """Put a word for each variable of a pattern, and two for each rest."""
    if isinstance(pattern, Variable):
        return parse_term(f"w{pattern.name}")
    if isinstance(pattern, Statement):
        return Statement(pattern.copula, _instance(pattern.subject), _instance(pattern.predicate))
    if isinstance(pattern, Compound):
        parts: list[Term] = []
        for part in pattern.parts:
            rest = isinstance(part, Variable) and part.kind == "#"
            parts += [parse_term(f"w{part}{n}".replace("#", "")) for n in "12"] if rest else [_instance(part)]
        return Compound(pattern.connector, tuple(parts))
    return pattern


TWO = [rule for rule in RULES if [premise.punctuation for premise in rule.premises] == [".", "."]]


@pytest.mark.parametrize("rule", TWO, ids=[rule.line for rule in TWO])
def test_premises_that_share_evidence_conclude_only_where_allowed(rule: InferenceRule) -> None:
    terms = [_instance(premise.pattern) for premise in rule.premises]
    if "sides" in rule.flags:
        terms = [parse_term("<m --> a>"), parse_term("<<m --> b> ==> q>")]
    if "someone" in rule.flags:
        terms = [parse_term("(&&, <#x --> a>, <#x --> b>)"), parse_term("<m --> a>")]
    if getattr(rule.conclusion, "__name__", "") == "conditional_abduction":
        terms = [parse_term("<(&&, c, x) ==> p>"), parse_term("<(&&, c, y) ==> p>")]
    truths = Truth(0.9, 0.8), Truth(0.9 if rule.name == "frequency_equal" else 0.3, 0.7)

    def count(stamps: tuple[set[int], set[int]], *, strict: bool = False) -> int:
        pairs = zip(terms, truths, stamps, strict=True)
        premises = [Judgement(term, value, frozenset(stamp)) for term, value, stamp in pairs]
        return derive(premises, rules=[rule], levels=1, strict=strict).derived

    assert count(({1}, {2})) > 0
    assert (count(({1, 2}, {2, 3})) > 0) == ("overlap" in rule.flags)
    assert count(({1, 2}, {2, 3}), strict=True) == 0
    assert count(({1}, {2}), strict=True) > 0


@pytest.mark.parametrize(
    ("flag", "first", "second"),
    [
        ("apart", "<m --> (&, a, b)>", "<m --> a>"),
        ("apart", "<(|, a, b) --> m>", "<a --> m>"),
        ("someone", "(&&, a, b)", "a"),
    ],
)
def test_a_flag_forbids(flag: str, first: str, second: str) -> None:
    rules = [rule for rule in RULES if flag in rule.flags]
    premises = [Judgement(parse_term(first), Truth(0.9, 0.8), frozenset([1]))]
    premises.append(Judgement(parse_term(second), Truth(0.3, 0.7), frozenset([2])))
    assert derive(premises, rules=rules, levels=1).derived == 0


def test_all_levels_are_there() -> None:
    assert {rule.level for rule in RULES} == {1, 2, 3, 4, 5, 6}
    assert len({rule.line for rule in RULES}) == len(RULES)


def test_the_truth_functions_are_those_of_the_book() -> None:
    for name, function in TRUTHS.items():
        if name not in ("kept", "not"):
            assert function is getattr(truth, name)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1  deduktion  <$M --> $P>.  |-  $P.", "truth function must be one of .*; got 'deduktion'"),
        ("7  deduction  <$M --> $P>.  |-  $P.", "level must be 1 to 6; got '7'"),
        ("1  deduction  <$M --> $P>.  |-  $P.  sometimes", "flags must be among .*; got sometimes"),
        ("5  kept  $S.  |-  @magic", "function must be one of .*; got 'magic'"),
        ("1  deduction  <$M --> $P>.", "expected level  truth  premise"),
        ("1  deduction  <$M --> .  |-  $P.", "expected a term"),
    ],
)
def test_a_line_that_is_no_rule(line: str, why: str) -> None:
    with pytest.raises(ArgumentError, match=f"rule 2: {why}"):
        read_rules(["// a comment", line])
