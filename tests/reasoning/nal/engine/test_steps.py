"""Single steps in the style of OpenNARS' suite: inputs, what must follow within three levels, and what must not.

Truths are worked out by hand from the functions of nars.md; expectations are looked for as a reader of the listing does
them: the very term, but for the order of components and the names of variables, and not another form of it.
"""

from typing import Any

import pytest

from hybridattn.reasoning import Sentence, parse_sentence
from hybridattn.reasoning.nal import Conclusions, derive
from hybridattn.reasoning.nal.forms.canonical import as_written

from .test_golden import CASES, LEVELS, NEAR

# inputs, expected, not expected
SETS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "arity 3 product to image": (
        ["<(*, a, b, d) --> r>."],
        ["<b --> (/, r, a, _, d)>. %1;0.9%", "<d --> (/, r, a, b, _)>. %1;0.9%", "<a --> (/, r, _, b, d)>. %1;0.9%"],
        [],
    ),
    "arity 3 image to image": (
        ["<b --> (/, r, a, _, d)>. %0.8;0.9%"],
        ["<(*, a, b, d) --> r>. %0.8;0.9%", "<a --> (/, r, _, b, d)>. %0.8;0.9%", "<d --> (/, r, a, b, _)>. %0.8;0.9%"],
        [],
    ),
    "arity 3 intensional": (["<r --> (*, a, b, d)>."], ["<(\\, r, a, _, d) --> b>. %1;0.9%"], []),
    "arity 3 image structure": (
        ["<s --> p>. %0.9%", "<(/, r, a, _, p) --> (/, r, a, _, s)>?"],
        ["<(/, r, a, _, p) --> (/, r, a, _, s)>. %0.9;0.73%"],
        ["<(/, r, a, _, s) --> (/, r, a, _, p)>."],
    ),
    "product structure": (
        ["<s --> p>. %0.9%", "<(*, s, t) --> (*, p, t)>?"],
        ["<(*, s, t) --> (*, p, t)>. %0.9;0.73%"],
        [],
    ),
    "product similarity structure": (
        ["<s <-> p>. %0.9%", "<(*, s, t) <-> (*, p, t)>?"],
        ["<(*, s, t) <-> (*, p, t)>. %0.9;0.73%"],
        [],
    ),
    "product components": (
        ["<(*, a, b, d) --> (*, e, f, g)>. %0.9%"],
        ["<a --> e>. %0.9;0.9%", "<d --> g>. %0.9;0.9%"],
        [],
    ),
    "product similarity components": (
        ["<(*, a, b) <-> (*, e, f)>. %0.9%"],
        ["<a <-> e>. %0.9;0.9%", "<b <-> f>. %0.9;0.9%"],
        [],
    ),
    "deduction question": (
        ["<bird --> animal>.", "<robin --> ?x>?", "<robin --> bird>."],
        ["<robin --> animal>. %1;0.81%"],
        [],
    ),
    "backward deduction": (
        ["<bird --> swimmer>.", "<?1 --> swimmer>?"],
        ["<?1 --> bird>?", "<bird --> swimmer>. %1;0.9%"],
        [],
    ),
    "backward abduction": (["<bird --> animal>.", "<robin --> animal>?"], ["<robin --> bird>?"], []),
    "backward induction": (["<swan --> bird>.", "<swan --> swimmer>.", "<?1 --> swimmer>?"], ["<?1 --> bird>?"], []),
    "backward similarity": (["<swan <-> bird>.", "<swan --> ?1>?"], ["<bird --> ?1>?"], []),
    "backward implication": (
        ["<<a --> b> ==> <d --> e>>.", "<<x --> y> ==> <d --> e>>?"],
        ["<<x --> y> ==> <a --> b>>?"],
        [],
    ),
    "backward detachment": (
        ["<<robin --> bird> ==> <robin --> animal>>.", "<robin --> animal>?"],
        ["<robin --> bird>?"],
        [],
    ),
    "backward equivalence": (
        ["<<robin --> bird> <=> <robin --> animal>>.", "<robin --> animal>?"],
        ["<robin --> bird>?"],
        [],
    ),
    "backward variable": (["<<$x --> bird> ==> <$x --> animal>>.", "<robin --> animal>?"], ["<robin --> bird>?"], []),
    "who": (
        ["<{Tweety} --> bird>.", "<bird --> [flying]>.", "<{?1} --> [flying]>?"],
        ["<{Tweety} --> [flying]>. %1;0.81%"],
        [],
    ),
    "property": (["<{Tweety} --] yellow>."], ["<{Tweety} --> [yellow]>. %1;0.9%"], []),
    "instance property": (["<Tweety {-] yellow>."], ["<{Tweety} --> [yellow]>. %1;0.9%"], []),
    "set to similarity": (["<bird --> {x}>."], ["<bird <-> {x}>. %1;0.9%"], []),
    "analogy to a set": (
        ["<{Tweety} --> [yellow]>.", "<[yellow] <-> [bright]>. %0.9;0.8%"],
        ["<{Tweety} --> [bright]>. %0.9;0.65%"],
        [],
    ),
    "set merging uni": (
        ["<planet --> {Mars, Pluto}>. %0.9%", "<planet --> {Pluto, Saturn}>. %0.7%"],
        ["<planet --> {Mars, Pluto, Saturn}>. %0.97;0.81%", "<planet --> {Pluto}>. %0.63;0.81%"],
        [],
    ),
    "set merging of properties": (
        ["<x --> [a, b]>. %0.9%", "<x --> [b, d]>. %0.7%"],
        ["<x --> [a, b, d]>. %0.63;0.81%", "<x --> [b]>. %0.97;0.81%"],
        [],
    ),
    "set subjects": (["<{a, b} --> m>. %0.9%", "<{b, d} --> m>. %0.7%"], ["<{a, b, d} --> m>. %0.63;0.81%"], []),
    "difference in the middle": (["<m --> a>. %0.3%", "<m --> (-, a, b)>. %0.1%"], ["<m --> b>. %0.27;0.22%"], []),
    "decomposed of three &": (["<m --> (&, a, b, d)>. %0%", "<m --> b>. "], ["<m --> (&, a, d)>. %0;0.81%"], []),
    "decomposed of three |": (["<m --> (|, a, b, d)>. ", "<m --> b>. %0%"], ["<m --> (|, a, d)>. %1;0.81%"], []),
    "decomposed subject three": (["<(|, a, b, d) --> m>. %0%", "<b --> m>."], ["<(|, a, d) --> m>. %0;0.81%"], []),
    "no decomposition of another": (["<m --> (&, a, b)>. %0%", "<m --> d>."], [], ["<m --> a>. %0;0.81%"]),
    "two removed": (["<m --> (|, a, b, d)>.", "<m --> (|, a, b)>. %0%"], ["<m --> d>. %1;0.81%"], []),
    "implied |": (["<m ==> (||, a, b, d)>.", "<m ==> b>. %0%"], ["<m ==> (||, a, d)>. %1;0.81%"], []),
    "condition removed from &&": (["<(&&, a, b, d) ==> m>.", "<b ==> m>. %0%"], ["<(&&, a, d) ==> m>. %1;0.81%"], []),
    "condition removed from ||": (["<(||, a, b, d) ==> m>. %0%", "<b ==> m>."], ["<(||, a, d) ==> m>. %0;0.81%"], []),
    "conjunction three": (["(&&, a, b, d). %0%", "b."], ["(&&, a, d). %0;0.81%"], []),
    "disjunction three": (["(||, a, b, d).", "b. %0%"], ["(||, a, d). %1;0.81%"], []),
    "conditional deduction of all": (
        ["<(&&, <x --> a>, <x --> b>) ==> <x --> d>>.", "<x --> a>."],
        ["<<x --> b> ==> <x --> d>>. %1;0.81%"],
        [],
    ),
    "conditional chain": (["<(&&, a, b) ==> d>.", "<e ==> a>. %0.9%"], ["<(&&, b, e) ==> d>. %0.9;0.73%"], []),
    "conditional induction": (
        ["<(&&, <x --> a>, <x --> b>) ==> <x --> d>>. %0.9%", "<<x --> b> ==> <x --> e>>."],
        ["<(&&, <x --> a>, <x --> e>) ==> <x --> d>>. %0.9;0.45%"],
        [],
    ),
    "conditional abduction": (
        ["<(&&, a, b) ==> d>.", "<(&&, a, e) ==> d>. %0.9%"],
        ["<b ==> e>. %1;0.42%", "<e ==> b>. %0.9;0.45%"],
        [],
    ),
    "conditional abduction of a fact": (["<(&&, a, b) ==> d>.", "<a ==> d>. %0.9%"], ["b. %0.9;0.45%"], []),
    "contraposition asked": (["<a ==> b>. %0.1%", "<(--, b) ==> (--, a)>?"], ["<(--, b) ==> (--, a)>. %0;0.45%"], []),
    "detachment with a variable": (
        ["<<$x --> bird> ==> <$x --> animal>>.", "<robin --> bird>."],
        ["<robin --> animal>. %1;0.81%"],
        [],
    ),
    "abductive detachment with a variable": (
        ["<<$x --> bird> ==> <$x --> animal>>.", "<robin --> animal>."],
        ["<robin --> bird>. %1;0.45%"],
        [],
    ),
    "equivalence with a variable": (
        ["<<$x --> bird> <=> <$x --> [feathered]>>. %0.9%", "<robin --> [feathered]>."],
        ["<robin --> bird>. %0.9;0.73%"],
        [],
    ),
    "equivalence of equivalences": (
        ["<<$x --> a> <=> <$x --> b>>.", "<<$y --> b> <=> <$y --> d>>. %0.9%"],
        ["<<$1 --> a> <=> <$1 --> d>>. %0.9;0.81%"],
        [],
    ),
    "implication chain with variables": (
        ["<<$x --> a> ==> <$x --> b>>.", "<<$y --> b> ==> <$y --> d>>."],
        ["<<$1 --> a> ==> <$1 --> d>>. %1;0.81%", "<<$1 --> d> ==> <$1 --> a>>. %1;0.45%"],
        [],
    ),
    "multiple variables": (
        ["<(&&, <$x --> key>, <$y --> lock>) ==> <$y --> (/, open, $x, _)>>.", "<{k} --> key>."],
        ["<<$1 --> lock> ==> <$1 --> (/, open, {k}, _)>>. %1;0.81%"],
        [],
    ),
    "abductive elimination": (
        ["<<$x --> a> ==> <$x --> b>>.", "<(&&, <x --> a>, <x --> d>) ==> <x --> b>>. %0.9%"],
        ["<x --> d>. %1;0.42%"],
        [],
    ),
    "abductive elimination of images": (
        [
            "<<lock1 --> (/, open, $1, _)> ==> <$1 --> key>>.",
            "<(&&, <#1 --> lock>, <#1 --> (/, open, $2, _)>) ==> <$2 --> key>>.",
        ],
        ["<lock1 --> lock>. %1;0.45%"],
        [],
    ),
    "variables introduced": (
        ["<swan --> bird>.", "<swan --> swimmer>. %0.8%"],
        [
            "<<$1 --> bird> ==> <$1 --> swimmer>>. %0.8;0.45%",
            "<<$1 --> swimmer> ==> <$1 --> bird>>. %1;0.39%",
            "<<$1 --> bird> <=> <$1 --> swimmer>>. %0.8;0.45%",
            "(&&, <#1 --> bird>, <#1 --> swimmer>). %0.8;0.81%",
        ],
        [],
    ),
    "variables introduced for a predicate": (
        ["<gull --> swimmer>.", "<swan --> swimmer>. %0.8%"],
        [
            "<<gull --> $1> ==> <swan --> $1>>. %0.8;0.45%",
            "<<swan --> $1> ==> <gull --> $1>>. %1;0.39%",
            "<<gull --> $1> <=> <swan --> $1>>. %0.8;0.45%",
            "(&&, <gull --> #1>, <swan --> #1>). %0.8;0.81%",
        ],
        [],
    ),
    "two variables introduced": (
        ["<{k} --> (/, open, _, {l})>.", "<{k} --> key>."],
        [
            "<<$1 --> key> ==> <$1 --> (/, open, _, {l})>>. %1;0.45%",
            "(&&, <#1 --> key>, <#1 --> (/, open, _, {l})>). %1;0.81%",
        ],
        [],
    ),
    "a variable beside another": (
        ["<<$x --> key> ==> <{l} --> (/, open, $x, _)>>.", "<{l} --> lock>."],
        [
            "<(&&, <$1 --> key>, <$2 --> lock>) ==> <$2 --> (/, open, $1, _)>>. %1;0.45%",
            "(&&, <#1 --> lock>, <<$2 --> key> ==> <#1 --> (/, open, $2, _)>>). %1;0.81%",
        ],
        [],
    ),
    "a conjunction extended": (
        ["(&&, <#x --> key>, <{l} --> (/, open, #x, _)>).", "<{l} --> lock>."],
        [
            "(&&, <#1 --> key>, <#2 --> lock>, <#2 --> (/, open, #1, _)>). %1;0.81%",
            "<<$1 --> lock> ==> (&&, <#2 --> key>, <$1 --> (/, open, #2, _)>)>. %1;0.45%",
        ],
        [],
    ),
    "no subject to share": (["<a --> b>.", "<d --> e>."], [], ["<a --> e>.", "(&&, <#1 --> b>, <#1 --> e>)."]),
    "no unrelated variable": (
        ["<<$x --> bird> ==> <$x --> animal>>.", "<robin --> fish>."],
        [],
        ["<robin --> animal>."],
    ),
    "dependent variables are not renamed together": (
        ["(&&, <#x --> a>, <#y --> b>).", "<m --> a>."],
        ["<#1 --> b>. %1;0.43%"],
        ["<m --> b>. %1;0.43%"],
    ),
    "negated conjunction": (["(&&, a, (--, b)). %0%", "a."], ["(--, b). %0;0.81%", "b. %1;0.81%"], []),
    "nested terms": (["<<$x --> (&, a, b)> ==> <$x --> d>>.", "<m --> (&, b, a)>."], ["<m --> d>. %1;0.81%"], []),
    "negation asked": (["(--, <a --> b>). %0.9%"], ["<a --> b>. %0.1;0.9%"], []),
    "disjunction of properties in the subject": (
        ["<[a, b] --> m>. ", "<[a] --> m>. %0%"],
        ["<[b] --> m>. %1;0.81%"],
        [],
    ),
    "an image in a deduction": (["<(*, a, b) --> r>.", "<c --> a>."], ["<(*, c, b) --> r>. %1;0.81%"], []),
    "an image in abduction": (
        ["<(*, a, b) --> r>.", "<(*, c, b) --> r>."],
        ["<a --> c>. %1;0.45%", "<a <-> c>. %1;0.45%"],
        [],
    ),
}


def within(inputs: list[str], levels: int) -> Conclusions:
    sentences = [parse_sentence(text) for text in inputs]
    judgements = [sentence for sentence in sentences if sentence.punctuation == "."]
    return derive(judgements, [one for one in sentences if one.punctuation == "?"], levels=levels)


def lists(found: Conclusions, text: str) -> bool:
    wanted = parse_sentence(text)
    sentences = found if wanted.punctuation == "." else found.questions
    term = as_written(wanted.term)
    return any(one.term == term and near(wanted, one.truth) for one in sentences)


def near(wanted: Sentence, truth: Any) -> bool:
    if wanted.truth is None:
        return True
    f, c = truth.frequency - wanted.truth.frequency, truth.confidence - wanted.truth.confidence
    return abs(f) <= NEAR and abs(c) <= NEAR


def missing(inputs: list[str], expected: list[str]) -> list[str]:
    left = expected
    for levels in range(1, LEVELS + 1):
        found = within(inputs, levels)
        assert found.cut == ""
        left = [text for text in expected if not lists(found, text)]
        if not left:
            break
    return left


@pytest.mark.parametrize("name", SETS)
def test_the_set_is_met(name: str) -> None:
    inputs, expected, unexpected = SETS[name]
    assert missing(inputs, expected) == []
    if unexpected:
        found = within(inputs, LEVELS)
        assert [text for text in unexpected if lists(found, text)] == []


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_suite_is_met_by_what_is_listed(case: dict[str, Any]) -> None:
    assert missing(case["inputs"], case["expected"]) == []
