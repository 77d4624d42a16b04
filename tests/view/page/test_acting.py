"""What can be done with the page in a real browser: trace, filter, find, walk by keys, share, save."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from hybridattn.view import page

from ..samples import cheetah, node, poodle, report, wide
from .conftest import Open
from .test_browser import counts


def rows(tab: Any, kind: str) -> list[str]:
    chosen = "[...document.querySelectorAll('.proof:not([hidden]) tr.' + kind)]"
    return tab.evaluate(f"(kind) => {chosen}.map((row) => row.dataset.name)", kind)


def facts(tab: Any, selector: str) -> list[int]:
    return sorted(
        tab.evaluate("(s) => hybridattn.cy.edges(s).map((edge) => edge.data('attributes').fact ?? -1)", selector)
    )


def fragment(tab: Any) -> str:
    tab.wait_for_timeout(260)
    return str(tab.evaluate("location.hash.slice(1)"))


def proof() -> dict[str, Any]:
    """`<a --> c>` from two facts, and `<a --> d>` from it and a third, as the page of `reason` has it."""
    truth = {"frequency": 1.0, "confidence": 0.9}
    given = [("a", "b"), ("b", "c"), ("c", "d")]
    stored = [
        {"id": at, "source": one, "relation": "-->", "target": two, **truth, "observations": [at]}
        for at, (one, two) in enumerate(given)
    ]
    step = {"rule": "deduction", "frequency": 1.0, "confidence": 0.81}
    steps = [
        {**step, "premises": ["fact:1", "fact:0"], "conclusion": "<a --> c>", "stamp": [0, 1]},
        {**step, "premises": ["fact:2", "step:0"], "conclusion": "<a --> d>", "stamp": [0, 1, 2]},
    ]
    answer = {"term": "<a --> d>", **truth, "expectation": 0.95, "derivation": steps, "facts": stored}
    levels = {"fact:0": 0, "fact:1": 0, "fact:2": 0, "step:0": 1, "step:1": 2}
    nodes = [{"id": name, "kind": "term", "label": name, "level": level} for name, level in levels.items()]
    nodes += [{"id": f"rule:{at}", "kind": "rule", "label": "deduction", "level": at + 0.5} for at in (0, 1)]
    nodes[4]["role"] = "answer"
    pairs = [(premise, f"rule:{at}") for at, one in enumerate(steps) for premise in one["premises"]]
    pairs += [(f"rule:{at}", f"step:{at}") for at in (0, 1)]
    edges = [{"source": one, "target": two, "kind": "fact", "label": "", "cited": True} for one, two in pairs]
    return report("<a --> d>?", [answer], nodes, edges)


def test_a_chosen_answer_lights_its_facts_and_escape_puts_them_out(opened: Open) -> None:
    with opened(page(poodle())) as tab:
        tab.get_by_role("button", name="clever").click()
        assert facts(tab, ".lit") == [-1, 20]  # the match has no number
        assert counts(tab, ".lit") + counts(tab, ".dim") == 22
        assert tab.locator("details[open]").get_attribute("id") == "answer-1"
        assert tab.locator(".proof:visible caption").inner_text() == "Derivation of clever"
        tab.get_by_role("button", name="animal").first.focus()
        tab.keyboard.press("Enter")
        assert facts(tab, ".lit") == [0, 1, 2, 10, 11, 12]
        assert tab.locator("button.answer[aria-pressed=true] .term").all_inner_texts() == ["animal"]
        tab.keyboard.press("Escape")
        assert counts(tab, ".lit, .dim") == 0
        assert tab.locator("#panel").is_hidden()


def test_a_step_is_traced_to_its_evidence_and_a_fact_to_what_rests_on_it(opened: Open) -> None:
    with opened(page(poodle())) as tab:
        tab.locator(".proof button[data-trace='step:1']").first.click()  # poodle, dog, canine, animal
        assert (facts(tab, ".lit"), facts(tab, ".onward")) == ([0, 1, 2], [])
        assert rows(tab, "lit") == ["fact:0", "fact:1", "step:0", "fact:2", "step:1"]
        assert rows(tab, "onward") == ["step:4"]
        assert tab.locator("#status").inner_text().endswith("rests on 4 premises; 1 conclusion rests on it")
        tab.locator("#panel button", has_text="fact:2").click()
        assert (facts(tab, ".lit"), rows(tab, "lit")) == ([2], ["fact:2"])
        tab.locator(".proof button[data-trace='fact:0']").first.click()
        assert (facts(tab, ".lit"), facts(tab, ".onward")) == ([0], [1, 2])
        tab.locator(".proof button[data-trace='fact:2']").first.click()
        assert rows(tab, "onward") == ["step:1", "step:4"]
        tab.locator("#panel button", has_text="step:1").click()
        assert tab.locator("#panel h3").inner_text() == "<poodle --> animal>"


def test_nodes_and_links_are_traced_along_the_way(opened: Open) -> None:
    with opened(page(poodle())) as tab:
        spot = tab.evaluate(
            "hybridattn.cy.nodes().filter((node) => node.data('label') === 'canine').renderedPosition()"
        )
        tab.locator("#graph").click(position=spot)
        assert tab.locator("#panel h3").inner_text() == "canine"
        assert (facts(tab, ".lit"), facts(tab, ".onward")) == ([0, 1], [2])
        assert rows(tab, "lit") == ["fact:0", "fact:1", "step:0"]
        tab.locator("#panel").get_by_text("animal").click()
        assert tab.locator("#panel h3").inner_text() == "canine is_a animal"
        assert tab.locator("#panel dt", has_text="w_plus").count() == 1
        assert tab.locator("#panel .measure .number").all_inner_texts() == ["1.000", "0.900"]
        tab.evaluate("void hybridattn.cy.nodes().filter((node) => node.data('label') === 'clever').emit('tap')")
        assert tab.locator("button.answer[aria-pressed=true] .term").all_inner_texts() == ["clever"]


def test_a_proof_has_levels_and_its_statements_are_traced(opened: Open) -> None:
    with opened(page(proof())) as tab:
        assert tab.locator("#hops").inner_text().split() == ["given", "level", "1", "level", "2"]
        ids = "(s) => hybridattn.cy.nodes(s).map((node) => node.data('attributes').id).sort()"
        tab.evaluate("void hybridattn.cy.nodes().filter((n) => n.data('label') === 'step:0').emit('tap')")
        assert tab.evaluate(ids, ".lit") == ["fact:0", "fact:1", "rule:0", "step:0"]
        assert tab.evaluate(ids, ".onward") == ["rule:1", "step:1"]
        assert tab.evaluate(ids, ".dim") == ["fact:2"]
        tab.keyboard.press("Escape")
        assert tab.locator("#hop-filter span").inner_text() == "Levels"
        tab.locator("#hop").fill("1")
        tab.wait_for_timeout(60)
        assert tab.evaluate(ids, ":visible") == ["fact:0", "fact:1", "fact:2", "rule:0", "step:0"]


def test_the_sliders_hide_what_comes_later_and_what_has_little_attention(opened: Open) -> None:
    sample = cheetah()
    for at, edge in enumerate(sample["graph"]["edges"]):
        edge["share"] = 0.1 + 0.8 * (at % 3 == 0)
    quiet = [edge for edge in sample["graph"]["edges"] if not edge["cited"]]
    with opened(page(sample)) as tab:
        tab.locator("#hop").fill("3")
        tab.wait_for_timeout(60)
        early = [one["id"] for one in sample["graph"]["nodes"] if one["hop"] <= 3]
        seen = "hybridattn.cy.nodes(':visible').map((node) => node.data('attributes').id)"
        assert sorted(tab.evaluate(seen)) == sorted(early)
        tab.wait_for_timeout(40)
        assert f"{len(early)} of {len(sample['graph']['nodes'])} terms" in tab.locator("#status").inner_text()
        assert tab.locator("#hop").get_attribute("aria-valuetext") == "up to 3 of 8"
        tab.locator("#hop").fill("8")
        tab.locator("#share").fill("0.5")
        tab.wait_for_timeout(60)
        strong = sum(edge["share"] >= 0.5 for edge in quiet)
        assert counts(tab, "edge:visible") == 8 + strong  # what the answer rests on stays
        assert counts(tab, "node:visible") == 9 + strong
        tab.get_by_role("button", name="Reset").click()
        assert counts(tab, ":visible") == len(sample["graph"]["nodes"]) + len(sample["graph"]["edges"])
        tab.locator("#hop").focus()
        tab.keyboard.press("Home")
        tab.wait_for_timeout(60)
        assert tab.evaluate(seen) == ["cheetah.n.01"]


def test_a_term_can_be_found_and_the_view_moved_by_keyboard(opened: Open) -> None:
    with opened(page(cheetah())) as tab:
        tab.locator("#find").fill("_CAT")
        assert sorted(tab.evaluate("hybridattn.cy.nodes('.found').map((node) => node.data('label'))")) == [
            "big_cat",
            "domestic_cat",
        ]
        assert tab.locator("#status").inner_text().startswith("2 terms found")
        tab.keyboard.press("Enter")
        assert tab.locator("#panel h3").inner_text() == "big_cat.n.01"
        tab.locator("#graph").focus()
        before = tab.evaluate("hybridattn.cy.zoom()")
        tab.keyboard.press("+")
        assert tab.evaluate("hybridattn.cy.zoom()") > before
        tab.keyboard.press("0")
        box = tab.evaluate("hybridattn.cy.elements().renderedBoundingBox()")
        size = tab.locator("#graph").bounding_box()
        assert box["x1"] >= 0
        assert box["x2"] <= size["width"]
        assert box["y1"] >= 20  # under the headings
        assert box["y2"] <= size["height"]


def test_arrow_keys_walk_from_node_to_node_and_say_where(opened: Open) -> None:
    with opened(page(cheetah())) as tab:
        tab.locator("#graph").focus()
        walked = []
        for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
            tab.keyboard.press(key)
            walked.append(tab.locator("#panel h3").inner_text())
        assert walked == ["cheetah.n.01", "big_cat.n.01", "feline.n.01", "big_cat.n.01"]
        assert tab.locator("#status").get_attribute("role") == "status"
        assert tab.locator("#status").inner_text() == "big_cat, hop 1: rests on 1 link; 7 links rest on it"
        tab.keyboard.press("ArrowDown")
        assert tab.locator("#panel h3").inner_text() in ("fast_runner.n.01", "savanna.n.01")
        pan = tab.evaluate("hybridattn.cy.pan('x')")
        tab.keyboard.press("Shift+ArrowRight")
        assert tab.evaluate("hybridattn.cy.pan('x')") == pan - 60
        tab.keyboard.press("Enter")
        assert tab.evaluate("document.activeElement.tagName") == "H3"
        tab.keyboard.press("Escape")
        assert tab.evaluate("document.activeElement.id") == "graph"
        assert tab.locator("#panel").is_hidden()


def test_every_control_has_a_name(opened: Open) -> None:
    with opened(page(poodle())) as tab:
        tab.evaluate("void hybridattn.pickName('step:1')")
        unnamed = tab.evaluate(
            "[...document.querySelectorAll('button, input, select, textarea, [role=application], [role=region]')]"
            ".filter((one) => !(one.textContent.trim() || one.labels?.[0]?.textContent.trim()"
            " || one.getAttribute('aria-label') || one.getAttribute('aria-labelledby'))).map((one) => one.outerHTML)"
        )
        assert unnamed == []
        assert tab.locator("main").count() == tab.locator("h1").count() == 1


def test_the_fragment_keeps_the_view_and_gives_it_back(opened: Open) -> None:
    with opened(page(poodle())) as tab:
        assert fragment(tab) == ""
        tab.get_by_role("button", name="clever").click()
        tab.locator("#hop").fill("2")
        tab.locator("#share").fill("0.25")
        tab.get_by_role("button", name="Dark").click()
        tab.get_by_role("button", name="Zoom in").click()
        kept = fragment(tab)
        zoom = tab.evaluate("hybridattn.cy.zoom()")
        pan = tab.evaluate("hybridattn.cy.pan()")
        assert "answer=1" in kept
        assert "theme=dark" in kept
        tab.reload()
        assert tab.locator("button.answer[aria-pressed=true] .term").all_inner_texts() == ["clever"]
        assert tab.locator("#panel h3").inner_text() == "<poodle --> clever>"
        assert (tab.locator("#hop").input_value(), tab.locator("#share").input_value()) == ("2", "0.25")
        assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
        assert tab.evaluate("hybridattn.cy.zoom()") == pytest.approx(zoom, rel=1e-3)
        assert tab.evaluate("hybridattn.cy.pan()") == pytest.approx(pan, abs=1.5)
        assert fragment(tab) == kept
        tab.evaluate("location.hash = '#find=dom'")
        tab.wait_for_timeout(100)
        assert tab.locator("#find").input_value() == "dom"
        assert tab.evaluate("hybridattn.cy.nodes('.found').map((node) => node.data('label'))") == ["domestic"]
        assert tab.locator("button.answer[aria-pressed=true] .term").all_inner_texts() == ["animal"]


BROKEN = (
    "answer=99&pick=n9999&hop=-1&share=7&theme=%3Cb%3E&view=1,2",
    "answer=1e3&pick=constructor&hop=NaN&share=Infinity&view=0,0,0",
    "pick=__proto__&find=%E0%A4%A&view=1e9,1,1&answer=-0&=&&&%",
    "pick=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&view=a,b,c&hop=1.5",
)


@pytest.mark.parametrize("altered", BROKEN)
def test_an_altered_fragment_does_no_harm(opened: Open, altered: str) -> None:
    with opened(page(poodle()), fragment=f"#{altered}") as tab:
        assert counts(tab, ":visible") == 22
        assert tab.locator("button.answer[aria-pressed=true] .term").all_inner_texts() == ["animal"]
        assert tab.locator("#panel").is_hidden()
        assert (tab.locator("#hop").input_value(), tab.locator("#share").input_value()) == ("3", "0")
        assert tab.evaluate("document.documentElement.dataset.theme ?? ''") == ""
        tab.get_by_role("button", name="Fit").focus()
        assert "view" not in tab.evaluate("hybridattn.state()")


def test_the_picture_is_saved_as_svg_and_png(opened: Open, tmp_path: Path) -> None:
    sample = poodle()
    sample["graph"]["nodes"][3]["label"] = "<script>alert(1)</script>"
    with opened(page(sample), accept_downloads=True) as tab:
        with tab.expect_download() as svg:
            tab.get_by_role("button", name="Save the picture as SVG").click()
        assert svg.value.suggested_filename == "poodle-what.svg"
        svg.value.save_as(tmp_path / "a.svg")
        with tab.expect_download() as png:
            tab.get_by_role("button", name="Save the picture as PNG").click()
        assert png.value.suggested_filename == "poodle-what.png"
        png.value.save_as(tmp_path / "a.png")
    drawn = ElementTree.fromstring((tmp_path / "a.svg").read_text(encoding="utf-8"))
    space = "{http://www.w3.org/2000/svg}"
    texts = [part.text for part in drawn.iter(f"{space}text")]
    for label in ("poodle", "dog", "animal", "clever", "source", "hop 3"):
        assert label in texts
    titles = [part.text for part in drawn.iter(f"{space}title")]
    assert titles[0] == sample["question"]
    assert sorted(titles[1:]) == sorted(one["id"] for one in sample["graph"]["nodes"])
    lines = [part for part in drawn.iter(f"{space}path") if part.get("stroke")]
    assert len(lines) == len(sample["graph"]["edges"])
    assert not [part for part in drawn.iter() if part.tag == f"{space}script"]
    head = (tmp_path / "a.png").read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    wide_, high = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    assert wide_ / high == pytest.approx(float(drawn.get("width", 0)) / float(drawn.get("height", 1)), rel=0.01)


def test_a_large_graph_says_what_it_left_out(opened: Open) -> None:
    with opened(page(wide(20_000))) as tab:
        assert "2,000 of 20,000 terms" in tab.locator(".picture .note").inner_text().replace("terms of", "of")
        assert counts(tab, "edge.cited") == 8


def test_a_graph_alone_has_no_answers_and_may_go_in_circles(opened: Open) -> None:
    nodes = [{key: value for key, value in node(name, 0).items() if key != "hop"} for name in "abc"]
    edges = [{"source": one, "target": two} for one, two in ("ab", "bc", "ca", "aa", "ab")]
    alone = {"question": "circle", "cut": "", "answers": [], "graph": {"nodes": nodes, "edges": edges}, "asked": False}
    with opened(page(alone)) as tab:
        assert tab.locator(".rail, .note:visible").count() == 0
        tab.evaluate("void hybridattn.cy.nodes()[1].emit('tap')")
        assert tab.locator("#panel h3").inner_text() == "b"
        assert tab.locator("#hops").inner_text().split() == ["start", "distance", "1", "distance", "2"]
