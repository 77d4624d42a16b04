"""Facts: a judgement that was given, with the parts by which a memory finds it."""

from dataclasses import FrozenInstanceError

import pytest

from hybridattn.reasoning import Atom, Fact, Judgement, Statement, Truth, inheritance, parse_term, product
from hybridattn.reasoning.fact import plain_name


def fact(
    number: int, source: str, relation: str, target: str, truth: tuple[float, float] = (1.0, 0.9), *more: int
) -> Fact:
    """Make a fact of which `number` is the first observation, and `more` are the others."""
    here, there = Atom(source), Atom(target)
    if relation in ("-->", "<->"):
        term = Statement(relation, here, there)
    else:
        term = inheritance(product(here, there), Atom(relation))
    return Fact(number, here, relation, there, Judgement(term, Truth(*truth), frozenset({number, *more})))


def test_prints_its_judgement_in_narsese() -> None:
    assert str(fact(7, "car", "has_part", "24/7", (0.8, 0.45))) == '<(*, car, "24/7") --> has_part>. %0.80;0.45%'
    assert str(fact(7, "robin", "-->", "bird")) == "<robin --> bird>. %1.00;0.90%"


def test_is_a_value() -> None:
    one, same = fact(7, "a", "r", "b", (1.0, 0.9), 8), fact(7, "a", "r", "b", (1.0, 0.9), 8)
    assert one == same
    assert hash(one) == hash(same)
    assert one != fact(7, "a", "r", "b")
    assert one.judgement.stamp == {7, 8}
    with pytest.raises(FrozenInstanceError):
        one.id = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cheetah.n.01", "cheetah.n.01"),
        ('"24/7.n.01"', "24/7.n.01"),
        (r'"say \"hi\""', 'say "hi"'),
        ("{Tweety}", "{Tweety}"),
        ('<"a b" --> c>', '<"a b" --> c>'),
        ("?x", "?x"),
    ],
)
def test_plain_name_is_the_name_as_it_was_given(text: str, name: str) -> None:
    assert plain_name(parse_term(text)) == name
