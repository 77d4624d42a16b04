"""bAbI as an evaluation: small made-up tasks, what is counted, and the published targets as slow tests."""

import tarfile
from dataclasses import replace

import pytest
import torch
from toys_of_reading import Toy, one_fact

from hybridattn.errors import ArgumentError, FactsError
from hybridattn.knowledge.evaluation.babi import BabiReport, evaluate_babi
from hybridattn.knowledge.evaluation.reading import ReadingFaithfulness, reading_faithfulness
from hybridattn.knowledge.reading import (
    ReaderParts,
    Schedule,
    StoryReader,
    Vocabulary,
    gated,
    read_stories,
)
from hybridattn.knowledge.reading.answer import ReadingAnswer
from hybridattn.trace import Hop, Link, Trace

QUICK = Schedule(epochs=16, linear=5, batch=16, rate=0.01)
SMALL = (ReaderParts(dim=24, hops=1), ReaderParts(dim=24, hops=1, link=gated))


def written(path, toys):
    lines = []
    for toy in toys:
        lines += [f"{number} {text}" for number, text in enumerate(toy.sentences, 1)]
        support = " ".join(str(place + 1) for place in toy.support)
        lines.append(f"{len(toy.sentences) + 1} {toy.question}\t{toy.answer}\t{support}")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("babi")
    odd = [Toy(("Ann went to the moon.",), "Where is Ann?", "moon", (0,)), Toy((), "Where is Zoe?", "hall")]
    for task in (1, 4):
        written(folder / f"qa{task}_toy_train.txt", one_fact(500 if task == 1 else 300, task))
        written(folder / f"qa{task}_toy_test.txt", one_fact(98, 10 + task) + (odd if task == 4 else []))
    return folder


@pytest.fixture(scope="module")
def report(folder, tmp_path_factory):
    return evaluate_babi(folder, [1, 4], runs=2, seed=6, parts=SMALL, schedule=QUICK)


def test_it_learns_and_counts(report):
    one, four = report.tasks
    assert (one.task, one.name, one.questions, one.note) == (1, "toy", 98, "")
    assert one.error < 0.04
    assert 2 / 100 <= four.error < 0.06  # the label that training never had, and the story without a sentence
    assert four.no_evidence == 1
    assert one.support.f1 > 0.9
    assert one.faithfulness.replay == 1
    assert one.faithfulness.sufficiency > 0.95
    assert one.faithfulness.comprehensiveness > 0.6
    assert one.faithfulness.random_deletion < 0.1
    assert report.mean_error == pytest.approx((one.error + four.error) / 2)


def test_the_run_of_the_least_validation_loss_is_chosen(report):
    for task in report.tasks:
        assert [run.seed for run in task.runs] == [6, 7]
        assert [run.link for run in task.runs] == ["residual", "gated"]
        best = min(task.runs, key=lambda run: run.valid_loss)
        assert task.seed == best.seed
        assert task.errors.mean == pytest.approx(sum(run.error for run in task.runs) / 2)


def test_plain_data(report):
    data = report.to_json()
    assert data.keys() == {"tasks", "mean_error", "failed", "runs", "seconds"}
    first = data["tasks"][0]
    assert first["errors"].keys() == {"mean", "spread", "least", "most", "runs"}
    assert first["support"].keys() == {"precision", "recall", "f1"}
    assert first["runs"][1]["link"] == "gated"
    assert {
        "sufficiency",
        "comprehensiveness",
        "random_deletion",
        "replay",
        "cited",
        "training_seconds",
    } <= first.keys()


def test_what_was_kept_gives_the_same_report(folder, tmp_path):
    short = Schedule(epochs=2, linear=1)
    told = []
    one, two = (
        evaluate_babi(folder, [1], runs=1, parts=SMALL, schedule=short, out=tmp_path, progress=told.append)
        for _ in range(2)
    )
    assert one.tasks[0].runs == two.tasks[0].runs
    assert [progress.epoch for progress in told] == [1, 2, 2]
    three = evaluate_babi(folder, [1], runs=2, parts=SMALL, schedule=short, out=tmp_path)
    assert three.tasks[0].runs[0] == one.tasks[0].runs[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["babi-1-0.safetensors", "babi-1-1.safetensors"]
    with pytest.raises(ArgumentError, match="holds a run with epochs 2; got 3"):
        evaluate_babi(folder, [1], runs=1, parts=SMALL, schedule=Schedule(epochs=3, linear=1), out=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "error", "why"),
    [
        (([],), ArgumentError, "tasks must be at least one, each once"),
        (([1, 1],), ArgumentError, "tasks must be at least one, each once"),
        (([2],), FactsError, "must have one file qa2_NAME_train.txt; got none"),
        (([99],), FactsError, "numbers 1 to 20; got 99"),
    ],
)
def test_wrong_input(folder, arguments, error, why):
    with pytest.raises(error, match=why):
        evaluate_babi(folder, *arguments)
    with pytest.raises(ArgumentError, match="runs must be at least 1; got 0"):
        evaluate_babi(folder, [1], runs=0)


def test_nothing_is_trained_where_a_line_is_broken(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_text(path.read_text())
    with (tmp_path / "qa4_toy_test.txt").open("a") as file:
        file.write("9 broken\n")
    with pytest.raises(FactsError, match=r"qa4_toy_test.txt, line [0-9]+: expected the number"):
        evaluate_babi(tmp_path, [1, 4], runs=1, schedule=QUICK, out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_failed_tasks_are_those_above_five_percent(report):
    errors = [replace(report.tasks[0], error=error) for error in (0.05, 0.051, 0.9)]
    assert BabiReport(tuple(errors), 1, 0.0).failed == 2


def test_deletions_are_counted_as_said():
    """Sentences of one word each, read in one hop; the reader answers what the loudest of them says."""
    toys = [Toy(("a.", "b.", "c."), "q?", "a"), Toy(("b.", "a."), "q?", "a"), Toy(("b.",), "q?", "b")]
    reader = StoryReader(
        Vocabulary.of([*toys, Toy(("c.",), "q?", "c")]),
        generator=torch.Generator(),
        parts=ReaderParts(dim=3, hops=1, span=4, relative=False),
    )
    with torch.no_grad():
        for parameter in reader.parameters():
            parameter.zero_()
        words = reader.words.view(-1, 2, 3)
        for number, loud in enumerate((9.0, 3.0, 0.0), 1):
            words[number, 0, 2] = loud  # a key: how loud; the last component counts wholly for a single word
            words[number, 1, number - 1] = 9.0  # a value: which
        words[4, 0, 2] = 1.0
        reader.labels.copy_(torch.eye(3))
    answers = read_stories(reader, toys)
    assert [answer.answer for answer in answers] == ["a", "a", "b"]
    assert [answer.support for answer in answers] == [(0,), (1,), (0,)]
    found = reading_faithfulness(reader, answers, generator=torch.Generator().manual_seed(0))
    assert found == ReadingFaithfulness(3, 1.0, 1.0, 1.0, 0.0, 2)

    # cited wrongly: the answer is not what "b" alone says, and stays without it; the one other that goes is "a"
    trace = Trace((Hop(0, (Link(0, -1, 0, 0.9, 0.0), Link(0, -1, 1, 0.1, 0.0))),), ("",))
    wrong = ReadingAnswer(toys[1], "a", 1.0, trace)
    found = reading_faithfulness(reader, [wrong], generator=torch.Generator().manual_seed(0))
    assert found == ReadingFaithfulness(1, 0.0, 0.0, 0.0, 1.0, 1)


def test_nothing_cited():
    nothing = ReadingAnswer(Toy((), "q?", "a"), None, 0.0, Trace((), ("",)))
    reader = StoryReader(Vocabulary.of([nothing.asked]), generator=torch.Generator(), parts=ReaderParts(dim=2))
    found = reading_faithfulness(reader, [nothing], generator=torch.Generator())
    assert found == ReadingFaithfulness(0, None, None, None, None, 0)


PUBLISHED = {1: 0.0, 2: 8.3, 3: 40.3, 5: 13.1, 15: 0.0, 16: 1.3, 17: 51.0, 19: 82.8}
"""Error % of MemN2N, trained per task on 1k (Sukhbaatar et al. 2015)."""


@pytest.mark.slow
@pytest.mark.parametrize(("task", "f1"), [(1, 0.95), (15, 0.9), (16, 0.85)])
def test_the_published_error(data, tmp_path, task, f1):
    archive = data / "babi-en.tar.xz"
    if not archive.exists():
        pytest.skip("needs babi-en.tar.xz")
    with tarfile.open(archive) as packed:
        members = [one for one in packed if f"/en/qa{task}_" in one.name]
        packed.extractall(tmp_path, members=members, filter="data")
    [folder] = [path for path in tmp_path.rglob("en") if path.is_dir()]
    [found] = evaluate_babi(folder, [task], runs=2).tasks
    assert 100 * found.error <= PUBLISHED[task]
    assert found.support.f1 > f1
    assert found.faithfulness.replay == 1
