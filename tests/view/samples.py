"""Answers in the JSON shape that `hybridattn ask --json` prints, made by hand and by rule."""

from itertools import pairwise
from typing import Any

Report = dict[str, Any]

CHAIN = ("cheetah", "big_cat", "feline", "carnivore", "placental", "mammal", "vertebrate", "chordate", "animal")
ASIDES = {
    "cheetah": ("fast_runner", "savanna"),
    "big_cat": ("lion", "tiger", "leopard"),
    "feline": ("domestic_cat", "lynx"),
    "carnivore": ("canine", "bear", "viverrine"),
    "placental": ("primate", "rodent", "bat"),
    "mammal": ("marsupial", "monotreme"),
    "vertebrate": ("bird", "fish", "reptile"),
    "chordate": ("tunicate", "lancelet"),
}


def report(question: str, answers: list[Report], nodes: list[Report], edges: list[Report], *, cut: str = "") -> Report:
    keyed = [{"key": number, **edge} for number, edge in enumerate(edges)]
    graph = {"directed": True, "multigraph": True, "graph": {"question": question}, "nodes": nodes, "edges": keyed}
    return {"question": question, "cut": cut, "answers": answers, "graph": graph}


def node(term: str, hop: int, **more: Any) -> Report:
    return {"id": term, "kind": "term", "label": term.partition(".")[0], "hop": hop, **more}


def link(source: str, target: str, fact: int, hop: int, *, cited: bool, relation: str = "is_a", **more: Any) -> Report:
    rule = {"rule": "deduction"} if cited else {}
    truth = {"share": 0.5, "similarity": 1.0, "f": 1.0, "c": 0.9, "w_plus": 9.0, "w": 9.0}
    return {
        "source": source,
        "target": target,
        "kind": "fact",
        "fact": fact,
        "label": relation,
        "hop": hop,
        "cited": cited,
        **rule,
        **truth,
        **more,
    }


def fact(number: int, source: str, target: str, relation: str = "is_a") -> Report:
    truth = {"frequency": 1.0, "confidence": 0.9, "observations": [number]}
    return {"id": number, "source": source, "relation": relation, "target": target, **truth}


def chain(terms: tuple[str, ...], *, first: int = 0) -> tuple[list[Report], list[Report]]:
    """Derive `<terms[0] --> terms[-1]>` by deduction over one fact a pair of neighbours; give its steps and facts."""
    facts = [fact(first + index, source, target) for index, (source, target) in enumerate(pairwise(terms))]
    steps: list[Report] = []
    for index in range(1, len(facts)):
        steps.append(
            {
                "rule": "deduction",
                "premises": [f"step:{index - 2}" if index > 1 else f"fact:{first}", f"fact:{first + index}"],
                "conclusion": f"<{terms[0]} --> {terms[index + 1]}>",
                "frequency": 1.0,
                "confidence": 0.9 ** (index + 1),
                "stamp": list(range(first, first + index + 1)),
            }
        )
    return steps, facts


def answer(term: str, steps: list[Report], facts: list[Report], **more: Any) -> Report:
    confidence = steps[-1]["confidence"] if steps else 0.9
    truth = {"frequency": 1.0, "confidence": confidence, "expectation": confidence * 0.5 + 0.5}
    return {"term": term, **truth, "derivation": steps, "facts": facts, "matches": [], "alternatives": [], **more}


def cheetah(*, cut: str = "") -> Report:
    """Eight hops from cheetah to animal, with side branches: 29 terms."""
    terms = tuple(f"{name}.n.01" for name in CHAIN)
    steps, facts = chain(terms)
    nodes = [node(term, hop, **_role(hop, len(terms))) for hop, term in enumerate(terms)]
    edges = [link(terms[hop], terms[hop + 1], hop, hop + 1, cited=True) for hop in range(len(terms) - 1)]
    for hop, name in enumerate(CHAIN):
        for aside in ASIDES.get(name, ()):
            nodes.append(node(f"{aside}.n.01", hop + 1))
            edges.append(
                link(terms[hop], f"{aside}.n.01", 100 + len(edges), hop + 1, cited=False, relation="related_to")
            )
    return report("<cheetah.n.01 --> animal.n.01>?", [answer(terms[-1], steps, facts)], nodes, edges, cut=cut)


def poodle() -> Report:
    """Two paths to one answer, revised; a soft match; a second answer; another path that was not used."""
    upper, lower = ("poodle", "dog", "canine", "animal"), ("poodle", "pet", "domestic", "animal")
    steps, facts = chain(upper)
    more_steps, more_facts = chain(lower, first=10)
    for step in more_steps:
        step["premises"] = [f"step:{int(p[5:]) + len(steps)}" if p.startswith("step") else p for p in step["premises"]]
    revision = {"rule": "revision", "premises": [f"step:{len(steps) - 1}", f"step:{len(steps) + len(more_steps) - 1}"]}
    final = {
        **revision,
        "conclusion": "<poodle --> animal>",
        "frequency": 1.0,
        "confidence": 0.843,
        "stamp": [0, 1, 2, 10, 11, 12],
    }
    match = {"id": 0, "query": "poodle", "key": "pudel", "frequency": 0.83, "confidence": 0.9}
    soft = {
        **steps[0],
        "rule": "analogy",
        "premises": ["match:0", "fact:20"],
        "conclusion": "<poodle --> clever>",
        "confidence": 0.61,
    }
    other = {"term": "animal", "frequency": 1.0, "confidence": 0.59, "facts": [0, 21], "why": "shares observation 0"}
    first = answer("animal", [*steps, *more_steps, final], [*facts, *more_facts], alternatives=[other])
    second = answer("clever", [soft], [fact(20, "pudel", "clever", "has_trait")], matches=[match])
    nodes = [
        node("poodle", 0, role="source"),
        node("dog", 1),
        node("pet", 1),
        node("pudel", 1),
        node("canine", 2),
        node("domestic", 2),
        node("clever", 2, role="answer"),
        node("animal", 3, role="answer"),
        node("curly", 1),
        node("hound", 2),
    ]
    edges = [link(upper[hop], upper[hop + 1], hop, hop + 1, cited=True) for hop in range(3)]
    edges += [link(lower[hop], lower[hop + 1], 10 + hop, hop + 1, cited=True) for hop in range(3)]
    edges += [
        {
            "source": "poodle",
            "target": "pudel",
            "kind": "match",
            "label": "match",
            "similarity": 0.83,
            "f": 0.83,
            "c": 0.9,
            "hop": 1,
            "cited": True,
        },
        link("pudel", "clever", 20, 2, cited=True, relation="has_trait"),
        link("dog", "animal", 21, 2, cited=False),
        link("poodle", "curly", 22, 1, cited=False, relation="has_trait"),
        link("dog", "hound", 23, 2, cited=False, relation="kind_of"),
        link("poodle", "dog", 0, 2, cited=False),
    ]
    return report("<poodle --> ?what>", [first, second], nodes, edges)


def wide(count: int, *, hops: int = 8) -> Report:
    """A search that looked at `count` terms over `hops` hops; the way to the answer is one term a hop."""
    way = tuple(f"term_{hop}.n.01" for hop in range(hops + 1))
    steps, facts = chain(way)
    nodes = [node(term, hop, **_role(hop, len(way))) for hop, term in enumerate(way)]
    edges = [link(way[hop], way[hop + 1], hop, hop + 1, cited=True) for hop in range(hops)]
    columns: list[list[str]] = [[term] for term in way]
    for number in range(count - len(way)):
        hop = 1 + min(hops - 1, number * 7919 % (hops * (hops + 1) // 2) // 4)
        before = columns[hop - 1]
        parent, term = before[number * 31 % len(before)], f"side_{number}.n.01"
        columns[hop].append(term)
        nodes.append(node(term, hop))
        edges.append(
            link(parent, term, 1000 + number, hop, cited=False, relation=("is_a", "part_of", "member_of")[number % 3])
        )
    return report(f"<{way[0]} --> {way[-1]}>?", [answer(way[-1], steps, facts)], nodes, edges)


def hostile(text: str) -> Report:
    """The same text everywhere that a user's text can stand."""
    truth = {"frequency": 1.0, "confidence": 0.9}
    step = {"rule": text, "premises": [text, f"fact:{text}", f"match:{text}"], "conclusion": text, **truth}
    step["stamp"] = [1]
    stored = {"id": text, "source": text, "relation": text, "target": f"{text}2", **truth, "observations": [1]}
    match = {"id": text, "query": text, "key": f"{text}2", **truth}
    other = {"term": text, **truth, "facts": [text], "why": text}
    found = {
        "term": f"{text}2",
        **truth,
        "expectation": 0.95,
        "derivation": [step],
        "facts": [stored],
        "matches": [match],
        "alternatives": [other],
    }
    nodes = [
        node(text, 0, role="source") | {"label": text},
        node(f"{text}2", 1, role="answer") | {"label": text, text: text},
    ]
    return report(text, [found], nodes, [link(text, f"{text}2", 1, 1, cited=True, relation=text)], cut=text)


def _role(hop: int, count: int) -> Report:
    return {"role": "source"} if hop == 0 else {"role": "answer"} if hop == count - 1 else {}
