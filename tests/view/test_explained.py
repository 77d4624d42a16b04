"""A proof inspected as plain data, and what the page says of it."""

import json
import re

import pytest

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Atom, Derivation, Fact, Inference, Judgement, Truth, apply_rule, inheritance
from hybridattn.view import explained, page

from .page.test_page import HOSTILE, Parts
from .samples import hostile, link, node, poodle, report


def stored(number, source, target, f, c):
    judgement = Judgement(inheritance(Atom(source), Atom(target)), Truth(f, c), frozenset({number}))
    return Fact(number, Atom(source), "is_a", Atom(target), judgement)


def chain():
    """Robin, bird, animal: f = 0.8 * 0.9, c = 0.9 * 0.5 * 0.72."""
    first, second = stored(12, "robin", "bird", 0.8, 0.9), stored(13, "bird", "animal", 0.9, 0.5)
    step = Inference("deduction", ("fact:13", "fact:12"), apply_rule("deduction", second.judgement, first.judgement))
    return Derivation((first, second), (), (step,))


def two_paths():
    """Two facts say the same, one for and one weakly against; they are revised."""
    first, second = stored(1, "a", "b", 0.9, 0.5), stored(2, "a", "b", 0.25, 0.4)
    step = Inference("revision", ("fact:1", "fact:2"), apply_rule("revision", first.judgement, second.judgement))
    return Derivation((first, second), (), (step,))


def explained_report(derivation):
    truth = derivation.conclusion.truth
    f, c = float(truth.frequency), float(truth.confidence)
    steps = [
        {"rule": s.rule, "premises": list(s.premises), "conclusion": str(s.conclusion.term), "frequency": f,
         "confidence": c, "stamp": sorted(s.conclusion.stamp)}
        for s in derivation.steps
    ]  # fmt: skip
    facts = [
        {"id": one.id, "source": str(one.source), "relation": one.relation, "target": str(one.target),
         "frequency": one.judgement.truth.frequency, "confidence": one.judgement.truth.confidence,
         "observations": [one.id]}
        for one in derivation.facts
    ]  # fmt: skip
    names = list(dict.fromkeys(end for one in derivation.facts for end in (str(one.source), str(one.target))))
    nodes = [node(name, hop) for hop, name in enumerate(names)]
    edges = [link(str(one.source), str(one.target), one.id, 1, cited=True) for one in derivation.facts]
    answer = {
        "term": str(derivation.conclusion.term), "frequency": f, "confidence": c, "expectation": c * (f - 0.5) + 0.5,
        "derivation": steps, "facts": facts, "matches": [], "alternatives": [], "explanation": explained(derivation),
    }  # fmt: skip
    return report("<robin --> animal>?", [answer], nodes, edges)


def text_of(html):
    return " ".join(Parts(html).text.split())


def matters_of(html):
    return html[html.index('<section class="matters"') : html.index("</section>", html.index('class="matters"'))]


def test_formula_sensitivities_and_turns_by_hand():
    data = explained(chain())
    assert (data["frequency"], data["confidence"]) == ("f_12*f_13", "c_12*c_13*f_12*f_13")
    assert (data["latex_frequency"], data["latex_confidence"]) == ("f_{12} f_{13}", "c_{12} c_{13} f_{12} f_{13}")
    first, second = data["sensitivities"]
    assert (first["premise"], first["statement"], first["truth"]) == ("fact:12", "<robin --> bird>", [0.8, 0.9])
    assert first["frequency"] == pytest.approx([0.9, 0])
    assert first["confidence"] == pytest.approx([0.9 * 0.5 * 0.9, 0.5 * 0.72])
    # e = c (f - 1/2) + 1/2 with f = .72, c = .324: de = c df + (f - 1/2) dc
    assert second["expectation"] == pytest.approx([0.324 * 0.8 + 0.22 * 0.36, 0.22 * 0.9 * 0.72])
    assert data["decisive"] == "fact:12"
    assert data["steps"] == [
        {"step": "step:0", "symbols": ["f_step0", "c_step0"], "frequency": "f_12*f_13",
         "confidence": "c_12*c_13*f_12*f_13"}
    ]  # fmt: skip
    turned = {(turn["premise"], turn["what"]): turn["value"] for turn in data["turns"]}
    assert turned[("fact:12", "frequency")] == pytest.approx(0.5 / 0.9)
    assert turned[("fact:13", "frequency")] == pytest.approx(0.5 / 0.8)
    assert turned[("fact:12", "confidence")] is None


def test_the_data_is_json():
    data = explained(two_paths())
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_formulas_share_no_common_factor_and_have_a_positive_denominator():
    data = explained(two_paths())
    assert "2*c_1*f_1" not in data["frequency"]
    values = {"c_1": 0.5, "f_1": 0.9, "c_2": 0.4, "f_2": 0.25}
    truth = two_paths().conclusion.truth
    for part in ("frequency", "confidence"):
        assert eval(data[part], {}, values) == pytest.approx(getattr(truth, part))


def test_the_page_says_what_matters_most_first():
    html = page(explained_report(chain()))
    section, text = matters_of(html), text_of(html)
    assert "Decisive: <robin --> bird> (A)" in text
    assert section.count("<math>") >= 2
    assert "a frequency below 0.556, but no confidence" in text
    assert "a frequency below 0.625, but no confidence" in text
    assert "The smallest change that turns it: A with a frequency below 0.556 instead of 0.800." in text
    assert re.findall(r'data-trace="fact:(\d+)"', section) == ["12", "13"]
    assert section.count("decisive</span>") == 1
    assert "f = f_{12} f_{13}" in text


def test_the_widest_bar_is_of_the_strongest_pull_and_goes_left_where_it_is_negative():
    section = matters_of(page(explained_report(two_paths())))
    bars = [tuple(map(float, found)) for found in re.findall(r'level" x="([\d.]+)" width="([\d.]+)"', section)]
    numbers = [float(found.replace("−", "-")) for found in re.findall(r'"number">([+−][\d.]+)<', section)]
    assert len(bars) == len(numbers) == 4
    assert min(numbers) < 0 < max(numbers)
    zero = float(re.search(r'zero" x="([\d.]+)"', section)[1])
    widest = max(width for _, width in bars)
    for (start, width), number in zip(bars, numbers, strict=True):
        assert width / widest == pytest.approx(abs(number) / max(map(abs, numbers)), abs=0.01)
        assert (start + width if number < 0 else start) == pytest.approx(zero, abs=0.02)


def test_a_turn_upwards_and_no_turn_at_all():
    sample = explained_report(chain())
    low = sample["answers"][0]["explanation"]["turns"]
    low[0].update(now=0.2, value=0.4)
    assert "a frequency above 0.400" in text_of(page(sample))
    for turn in low:
        turn["value"] = None
    text = text_of(page(sample))
    assert text.count("no value of it") == 2
    assert "No number of a single premise turns it." in text


def test_equally_decisive_premises_are_named():
    first, second = stored(1, "a", "b", 1.0, 0.9), stored(2, "b", "c", 1.0, 0.9)
    step = Inference("deduction", ("fact:2", "fact:1"), apply_rule("deduction", second.judgement, first.judgement))
    text = text_of(page(explained_report(Derivation((first, second), (), (step,)))))
    assert "The answer moves fastest with it, and just as fast with B." in text
    assert "(2 are equally small)" in text


def test_many_equals_are_counted_and_a_small_pull_is_not_zero():
    sample = explained_report(chain())
    explanation = sample["answers"][0]["explanation"]
    row = {**explanation["sensitivities"][0], "expectation": [0.00002, -0.00003]}
    rows = [{**row, "premise": f"fact:{number}"} for number in range(12, 20)]
    explanation["sensitivities"] = rows
    text = text_of(page(sample))
    assert "just as fast with B, C, D, E and 3 more." in text
    assert "+2e−05" in text
    assert "−3e−05" in text
    assert "0.800, 0.900" in text


def test_without_an_explanation_nothing_is_said():
    html = page(poodle())
    body = html[html.index("<header>") : html.index("<footer>")]
    assert not re.search("matters|<math|decisive|★", body)
    with_none = poodle()
    with_none["answers"][0]["explanation"] = None
    assert not re.search("matters|<math|★", page(with_none)[html.index("<header>") : html.index("<footer>")])


def test_more_than_26_premises_get_two_letters():
    sample = explained_report(chain())
    explanation = sample["answers"][0]["explanation"]
    row = explanation["sensitivities"][0]
    explanation["sensitivities"] = [
        {**row, "premise": f"fact:{n}", "symbols": [f"f_{n}", f"c_{n}"]} for n in range(12, 65)
    ]
    letters = re.findall(r'class="letter">([A-Z]+)<', page(sample))
    assert [letters[0], *letters[25:28], letters[52]] == ["A", "Z", "AA", "AB", "BA"]


@pytest.mark.parametrize("part", ["frequency", "sensitivities", "decisive", "turns", "steps", "latex_confidence"])
def test_an_explanation_that_lacks_a_part_is_refused(part):
    sample = explained_report(chain())
    del sample["answers"][0]["explanation"][part]
    with pytest.raises(ArgumentError, match=f"it lacks '{part}'"):
        page(sample)


def explain_with(text):
    """Put the same text everywhere that text can stand in an explanation."""
    row = {"premise": f"fact:{text}", "statement": text, "symbols": [text, f"{text}2"], "truth": [1.0, 0.9]}
    row |= {"frequency": [1.0, 0.0], "confidence": [0.0, 1.0], "expectation": [0.9, 0.5], "weight": 1.0}
    steps = [{"step": text, "symbols": [text, text], "frequency": text, "confidence": text}] * 2
    turn = {"premise": f"fact:{text}", "what": text, "now": 1.0, "value": 0.5}
    texts = dict.fromkeys(("frequency", "confidence", "latex_frequency", "latex_confidence"), f"({text}")
    return {**texts, "steps": steps, "sensitivities": [row], "decisive": f"fact:{text}", "turns": [turn]}


def hostile_report(text):
    sample = hostile(text)
    sample["answers"][0]["explanation"] = explain_with(text)
    return sample


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_explanations_make_no_element(text):
    usual, parts = Parts(page(hostile_report("a b"))), Parts(page(hostile_report(text)))
    kept = [
        (tag, sorted(attributes))
        for tag, attributes in parts.tags
        if tag not in {"math", "msub", "mi", "mtext", "code"}
    ]
    assert kept == [
        (tag, sorted(attributes))
        for tag, attributes in usual.tags
        if tag not in {"math", "msub", "mi", "mtext", "code"}
    ]
    page(hostile_report(text)).encode()
