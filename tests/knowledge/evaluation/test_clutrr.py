"""CLUTRR read, answered and measured: small hand-made files, and the authors' own where they are."""

import json
import tarfile
from dataclasses import replace

import pytest
import torch
from kinship import walks

from hybridattn.errors import FactsError
from hybridattn.knowledge import (
    Composer,
    SetScores,
    Story,
    evaluate_clutrr,
    faithfulness,
    learn_stories,
    read_clutrr,
    read_rules,
    replays,
    set_scores,
)
from hybridattn.reasoning import Truth

HEADER = "id,target,proof_state,task_name,story_edges,edge_types,query_edge,genders"
PROOF = "[{('Ann', 'son', 'Cid'): [('Ann', 'daughter', 'Bea'), ('Bea', 'brother', 'Cid')]}]"
EDGES = """"[(0, 1), (1, 2)]","['daughter', 'brother']","(0, 2)\""""
ROW = f'x1,son,"{PROOF}",task_1.2,{EDGES},"Ann:female,Bea:female,Cid:male"'
RULE = "<(&&, <(*, $1, #2) --> daughter>, <(*, #2, $3) --> brother>) ==> <(*, $1, $3) --> son>>."


def seeded():
    return torch.Generator().manual_seed(0)


def written(path, *rows):
    path.write_text("\n".join((HEADER, *rows)) + "\n")
    return path


def jsonl(path, stories):
    """Write walks as the graph form has them."""
    lines = []
    for facts, last in stories:
        people = [facts[0][0], *(target for *_, target in facts)]
        edges = [[number, number + 1] for number in range(len(facts))]
        line = {"edges": edges, "types": [r for _, r, _ in facts], "query": [0, len(facts)], "target": last}
        lines.append(json.dumps({**line, "genders": ",".join(f"{name}:?" for name in people)}))
    path.write_text("\n".join(lines))
    return path


def test_a_row_is_a_story_with_its_proof(tmp_path):
    [row] = read_clutrr(written(tmp_path / "a.csv", ROW))
    assert [str(fact.judgement.term) for fact in row.story.facts] == [
        "<(*, Ann, Bea) --> daughter>",
        "<(*, Bea, Cid) --> brother>",
    ]
    assert (str(row.story.source), str(row.story.target), row.story.relation) == ("Ann", "Cid", "son")
    assert (row.id, row.task, row.unlabelled) == ("x1", "task_1.2", 0)
    premises = {("Ann", "daughter", "Bea"), ("Bea", "brother", "Cid")}
    assert row.gold == ((("Ann", "son", "Cid"), frozenset(premises)),)
    assert row.story.where.endswith("a.csv, row 1")


def test_json_says_the_same(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [([("Ann", "daughter", "Bea"), ("Bea", "brother", "Cid")], "son")])
    [row] = read_clutrr(path)
    [same] = read_clutrr(written(tmp_path / "a.csv", ROW))
    assert replace(row.story, where="") == replace(same.story, where="")
    assert row.gold == ()


def test_edges_without_a_relation_say_nothing_and_names_that_come_twice_are_numbers(tmp_path):
    line = {"edges": [[0, 1], [1, 2], [3, 4]], "types": ["son", "son"], "query": [0, 2], "target": "grandson"}
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({**line, "genders": "Ann:female,Bob:male,Bob:male"}))
    [row] = read_clutrr(path)
    assert row.unlabelled == 1
    assert [str(fact.target) for fact in row.story.facts] == ["1", "2"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("x,son", "row 2: expected 8 columns; got fewer"),
        (ROW + ",more", "row 2: expected 8 columns; got more"),
        (ROW.replace("(0, 1), (1, 2)", "(0, 1), (1"), "row 2: story_edges must be a Python literal"),
        (ROW.replace("(0, 1), (1, 2)", "(0, 1)"), "row 2: expected at most one relation an edge; got 2 for 1"),
        (ROW.replace("(0, 2)", "(0, -2)"), "row 2: query must be two numbers of nodes"),
        (ROW.replace("x1,son", "x1,"), "row 2: target must be a name"),
        (ROW.replace("'daughter'", "7"), "row 2: a type of edges must be a name; got 7"),
        (ROW.replace("[{('Ann'", "[{('Ann', 'x'"), "row 2: a step of proof_state must be"),
    ],
)
def test_a_bad_row_is_named(tmp_path, row, why):
    path = written(tmp_path / "bad.csv", ROW, row)
    with pytest.raises(FactsError) as caught:
        read_clutrr(path)
    assert str(caught.value).startswith(f"{path}, {why}")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.csv", "id,target\n1,son\n", "story_edges, edge_types, query_edge missing"),
        ("a.csv", HEADER + "\n", "holds no stories"),
        ("a.jsonl", '{"edges": []}', "row 1: expected the keys edges, types, query, target; types missing"),
        ("a.jsonl", "[1]", "row 1: expected the keys"),
        ("a.jsonl", "{", "row 1: expected a JSON object"),
        ("a.txt", "", "expected a .csv or .jsonl file"),
    ],
)
def test_a_bad_file_is_named(tmp_path, name, text, why):
    (tmp_path / name).write_text(text)
    with pytest.raises(FactsError, match="^" + str(tmp_path / name)) as caught:
        read_clutrr(tmp_path / name)
    assert why in str(caught.value)


def test_a_missing_file_and_no_file(tmp_path):
    with pytest.raises(FactsError, match="does not exist"):
        read_clutrr(tmp_path / "a.csv")
    with pytest.raises(FactsError, match="got 0 and 1"):
        evaluate_clutrr([], ["a.csv"], generator=seeded())


def test_sets_are_compared_by_hand():
    assert set_scores([({1, 2, 3}, {1, 2}), (set(), {5, 6})]) == SetScores(2 / 3, 2 / 4, 4 / 7)
    assert set_scores([({1}, set())]) is None
    assert set_scores([]) is None


def test_steps_are_those_of_the_proof_state(tmp_path):
    report = evaluate_clutrr(
        [written(tmp_path / "a.csv", *[ROW] * 3)],
        [written(tmp_path / "b.csv", ROW, ROW.replace("('Bea', 'brother', 'Cid')]", "('Bea', 'uncle', 'Cid')]"))],
        generator=seeded(),
    )
    [file] = report.files
    assert (file.hops, file.stories, file.correct, file.accuracy, file.no_evidence) == (2, 2, 2, 1.0, 0)
    assert file.steps == SetScores(0.5, 0.5, 0.5)
    assert file.intermediates == SetScores(1.0, 1.0, 1.0)
    assert file.same_proof == 0.5
    assert (report.trained, report.skipped, report.rules) == (3, 0, 1)
    assert report.narsese == (f"{RULE} %1.00;0.75%",)


def test_faithfulness_by_hand():
    """One story with a second way round, which the proof does not need: deleting what is cited changes nothing."""
    composer = Composer(read_rules([RULE]))
    facts = [("a", "daughter", "b"), ("b", "brother", "c"), ("x", "son", "y")]
    other = [("a", "daughter", "b"), ("b", "brother", "c"), ("a", "daughter", "d"), ("d", "brother", "c")]
    stories = [Story.of(facts, "a", "c"), Story.of(other, "a", "c"), Story.of([], "a", "c")]
    answers = composer.answer(stories)
    measured = faithfulness(composer, answers, generator=seeded())
    assert (measured.answered, measured.replay, measured.sufficiency) == (2, 1.0, 1.0)
    assert (measured.comprehensiveness, measured.random_deletion, measured.spared) == (0.5, 0.0, 2)


def test_a_proof_that_says_something_else_does_not_replay():
    composer = Composer(read_rules([RULE]))
    [answer] = composer.answer([Story.of([("a", "daughter", "b"), ("b", "brother", "c")], "a", "c")])
    rules = list(composer.rules.values())
    assert replays(answer, rules)
    assert not replays(replace(answer, relation="daughter", candidates=(("daughter", answer.truth),)), rules)
    assert not replays(replace(answer, candidates=(("son", Truth(1.0, 0.5)),)), rules)
    assert not replays(replace(answer, story=answer.story.with_facts(answer.story.facts[:1])), rules)
    assert not replays(replace(answer, derivation=None), rules)


def test_both_ways_of_a_pair_teach_inverses():
    stories = [Story.of([("a", "husband", "b"), ("b", "wife", "a")], "a", "b", relation="husband")] * 3
    rules, skipped = learn_stories(stories)
    assert skipped == 3
    inverse = rules.evidence().inverse
    assert float(inverse[0, 1]) == 6  # the fact and the answer both say husband
    assert float(inverse[1, 0]) == 6


def test_a_family_is_measured(tmp_path):
    report = evaluate_clutrr(
        [jsonl(tmp_path / "train.jsonl", walks((2, 3), 600, 1))],
        [jsonl(tmp_path / "test.jsonl", walks((5,), 40, 2))],
        generator=seeded(),
        ordered=False,
    )
    [file] = report.to_json()["files"]
    assert (file["hops"], file["accuracy"], file["replay"], file["sufficiency"]) == (5, 1.0, 1.0, 1.0)
    assert (file["comprehensiveness"], file["steps"]) == (1.0, None)


@pytest.fixture
def sets(data, tmp_path):
    with tarfile.open(data / "clutrr.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return next(tmp_path.rglob("data_089907f8"))


def check(folder, hops, *, ordered, least):
    report = evaluate_clutrr(
        [folder / "1.2,1.3_train.csv"],
        [folder / f"1.{k}_test.csv" for k in hops],
        generator=seeded(),
        ordered=ordered,
    )
    for file in report.files:
        faith = file.faithfulness
        assert file.accuracy >= least[file.hops], file
        assert (faith.replay, faith.sufficiency) == (1.0, 1.0)
        assert faith.comprehensiveness >= 0.95
        assert faith.random_deletion is None or faith.random_deletion < 0.02
        assert file.steps is not None


WALK = {**dict.fromkeys(range(4, 11), 0.994), 9: 1.0, 10: 1.0}
GRAPH = {**dict.fromkeys(range(4, 11), 0.97), 10: 0.98}


def test_ten_hops_from_two_and_three(sets):
    check(sets, (10,), ordered=True, least=WALK)


@pytest.mark.slow
@pytest.mark.parametrize(("ordered", "least"), [(True, WALK), (False, GRAPH)])
def test_every_length(sets, ordered, least):
    check(sets, range(4, 11), ordered=ordered, least=least)


AWKWARD = {
    "a relation never met in training": ([[0, 1], [1, 2]], ["daughter", "cousin"], [0, 2]),
    "source and target apart": ([[0, 1], [2, 3]], ["daughter", "brother"], [0, 3]),
    "an empty story": ([], [], [0, 1]),
    "edges without relations alone": ([[0, 1], [1, 2]], [], [0, 2]),
    "a question about oneself": ([[0, 1], [1, 2]], ["daughter", "brother"], [0, 0]),
    "someone nobody told of": ([[0, 1], [1, 2]], ["daughter", "brother"], [0, 9]),
}
SOUND = {
    "a cycle": ([[0, 1], [1, 0], [1, 2], [2, 1]], ["daughter", "mother", "brother", "brother"], [0, 2]),
    "contradictory facts": ([[0, 1], [0, 1], [1, 2]], ["daughter", "uncle", "brother"], [0, 2]),
    "a fact told twice": ([[0, 1], [0, 1], [1, 2], [1, 2]], ["daughter", "daughter", "brother", "brother"], [0, 2]),
    "noise with relations": (
        [[3, 4], [0, 1], [0, 3], [1, 2], [4, 2]],
        ["son", "daughter", "uncle", "brother", "x"],
        [0, 2],
    ),
    "noise without relations": ([[0, 1], [1, 2], [1, 4], [4, 2]], ["daughter", "brother"], [0, 2]),
}


@pytest.mark.parametrize("ordered", [True, False])
def test_awkward_stories_are_answered_or_have_no_evidence(tmp_path, ordered):
    rows = [
        {"edges": edges, "types": types, "query": query, "target": "son"}
        for edges, types, query in [*AWKWARD.values(), *SOUND.values()]
    ]
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, rows)))
    column = '"{edges}","{types}","({query[0]}, {query[1]})","{target}"'
    lines = [column.format(**{**row, "edges": [tuple(edge) for edge in row["edges"]]}) for row in rows]
    (tmp_path / "b.csv").write_text("\n".join(["story_edges,edge_types,query_edge,target", *lines]))
    train = [written(tmp_path / "a.csv", *[ROW] * 3)]
    report = evaluate_clutrr(train, [tmp_path / "b.jsonl", tmp_path / "b.csv"], generator=seeded(), ordered=ordered)
    for file in report.files:
        assert file.stories == len(rows)
        assert file.no_evidence == len(rows) - file.correct
        assert file.faithfulness.replay == file.faithfulness.sufficiency == 1.0
        if not ordered:
            assert file.correct == len(SOUND)
    assert len({file.correct for file in report.files}) == 1
