"""An answer to a story, told as `ask` tells its own."""

from hybridattn.knowledge import Composer, Story, read_rules
from hybridattn.reasoning.inspection import explain
from hybridattn.view import explained, page

RULES = (
    "<(&&, <(*, $1, #2) --> daughter>, <(*, #2, $3) --> brother>) ==> <(*, $1, $3) --> son>>. %1;0.9%",
    "<<(*, $1, $2) --> brother> ==> <(*, $2, $1) --> brother>>. %1;0.9%",
)
FACTS = [("a", "daughter", "b"), ("c", "brother", "b"), ("c", "daughter", "d"), ("x", "brother", "y")]


def answered(facts, source="a", target="c"):
    [answer] = Composer(read_rules(RULES)).answer([Story.of(facts, source, target)])
    return answer


def test_the_report_has_what_a_page_shows():
    report = answered(FACTS).report()
    [found] = report["answers"]
    assert (report["question"], report["found"], report["cut"]) == ("<(*, a, c) --> ?relation>", 1, "")
    assert found["term"] == "<(*, a, c) --> son>"
    assert [fact["id"] for fact in found["facts"]] == [0, 1, -2, -1]
    assert [step["rule"] for step in found["derivation"]] == ["deduction"] * 3
    assert "No evidence" not in page(report)


def test_the_graph_is_the_facts_that_can_be_reached_hop_by_hop():
    graph = answered(FACTS).drawn()
    edges = {
        data["fact"]: (source, target, data["hop"], data.get("cited", False), data["share"])
        for source, target, data in graph.edges(data=True)
    }
    assert edges == {0: ("a", "b", 1, True, 1.0), 1: ("c", "b", 2, True, 1.0), 2: ("c", "d", 3, False, 1.0)}
    assert {node: data["hop"] for node, data in graph.nodes(data=True)} == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert {node: data["role"] for node, data in graph.nodes(data=True) if "role" in data} == {
        "a": "source",
        "c": "answer",
    }


def test_people_share_the_attention_of_those_who_lead_to_them():
    graph = answered([("a", "daughter", "b"), ("a", "daughter", "d"), ("b", "brother", "c")]).drawn()
    assert sorted(data["share"] for *_, data in graph.edges(data=True)) == [0.5, 0.5, 1.0]


def test_a_cycle_is_drawn_once():
    graph = answered([("a", "daughter", "b"), ("b", "brother", "c"), ("c", "daughter", "a")]).drawn()
    assert sorted(data["fact"] for *_, data in graph.edges(data=True)) == [0, 1, 2]


def test_no_evidence_is_no_answer():
    report = answered([("x", "brother", "y")]).report()
    assert (report["answers"], report["found"], report["graph"]["nodes"]) == ([], 0, [])
    assert "No evidence" in page(report)


def test_a_rule_has_a_symbol_that_is_a_name():
    proof = answered(FACTS).derivation
    assert set(explain(proof).symbols) == {"fact:-1", "fact:0", "fact:-2", "fact:1"}
    assert {str(pair[0]) for pair in explain(proof).symbols.values()} == {"f_n1", "f_0", "f_n2", "f_1"}
    report = answered(FACTS).report()
    report["answers"][0]["explanation"] = explained(proof)
    assert "f_n1" not in page(report).partition("<dl>")[2].partition("</dl>")[0]
