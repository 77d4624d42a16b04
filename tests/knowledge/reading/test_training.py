"""Readers learn made-up stories from answers alone, and go on after an interruption to the same numbers."""

import math

import pytest
import torch
from toys_of_reading import Toy, one_fact, two_facts

from hybridattn.attention import Linear
from hybridattn.errors import ArgumentError
from hybridattn.knowledge import train_runs
from hybridattn.knowledge.reading import (
    Noise,
    ReaderParts,
    ReaderTrainer,
    Schedule,
    StoryReader,
    StoryTensors,
    Vocabulary,
    read_stories,
    reader_of,
    reader_training,
)
from hybridattn.knowledge.reading.runs import held_out
from hybridattn.knowledge.reading.training import losses_and_errors

SHORT = Schedule(epochs=3, linear=1, batch=16, rate=0.01)


ONE = Schedule(epochs=20, linear=6, batch=16, rate=0.01)
TWO = Schedule(epochs=14, linear=7, batch=16, time=0.0, dropout=0.0)


@pytest.mark.parametrize(
    ("make", "parts", "schedule"),
    [(one_fact, ReaderParts(dim=24, hops=1), ONE), (two_facts, ReaderParts(dim=64, hops=3), TWO)],
    ids=["one fact", "two facts"],
)
def test_it_learns_from_answers_alone_and_cites_what_supports(make, parts, schedule):
    training = reader_training("toy", make(600, 1), make(60, 2), parts=parts, schedule=schedule)
    [run] = train_runs(training, [0])
    reader = reader_of(training, run)
    test = make(200, 3)
    answers = read_stories(reader, test)
    assert [answer.answer for answer in answers] == [toy.answer for toy in test]
    cited = [set(answer.support) for answer in answers]
    both = sum(len(one & set(toy.support)) for one, toy in zip(cited, test, strict=True))
    assert both / sum(map(len, cited)) > 0.9
    assert both / sum(len(toy.support) for toy in test) > 0.9


def trainer(schedule=SHORT, toys=None):
    toys = one_fact(40, 1) if toys is None else toys
    vocabulary = Vocabulary.of(one_fact(40, 1))
    reader = StoryReader(vocabulary, generator=torch.Generator().manual_seed(0), parts=ReaderParts(dim=8, hops=2))
    held = StoryTensors(one_fact(10, 2), vocabulary)
    return ReaderTrainer(reader, StoryTensors(toys, vocabulary), held, schedule=schedule)


def test_an_interrupted_training_goes_on_to_the_same_numbers(tmp_path):
    training = reader_training("toy", one_fact(40, 1), one_fact(10, 2), parts=ReaderParts(dim=8), schedule=SHORT)
    [whole] = train_runs(training, [4])

    def stop(progress):
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_runs(training, [4], folder=tmp_path, progress=stop)
    [again] = train_runs(training, [4], folder=tmp_path)
    assert again.history == whole.history
    assert all(again.weights[name].equal(whole.weights[name]) for name in whole.weights)


def test_another_data_set_or_reader_is_refused(tmp_path):
    toys, held = one_fact(40, 1), one_fact(10, 2)
    train_runs(reader_training("toy", toys, held, parts=ReaderParts(dim=8), schedule=SHORT), [0], folder=tmp_path)
    for why, training in {
        "data": reader_training("toy", one_fact(40, 3), held, parts=ReaderParts(dim=8), schedule=SHORT),
        "readers": reader_training("toy", toys, held, parts=ReaderParts(dim=9), schedule=SHORT),
        "rate": reader_training(
            "toy", toys, held, parts=ReaderParts(dim=8), schedule=Schedule(epochs=3, linear=1, batch=16)
        ),
    }.items():
        with pytest.raises(ArgumentError, match=f"holds a run with {why}"):
            train_runs(training, [0], folder=tmp_path)


def test_a_step_is_adam_on_the_mean_cross_entropy():
    """The first epoch, once more with an optimiser and a loss of its own."""
    one, two = trainer(), trainer()
    one.epoch(0, torch.Generator().manual_seed(9))
    generator = torch.Generator().manual_seed(9)
    noise, adam = Noise(generator), torch.optim.Adam(two.module.parameters(), 0.01)
    for rows in torch.randperm(40, generator=generator).split(16):
        batch = two.train.batch(rows)
        logits = two.module(batch, separation=Linear(), noise=noise).logits
        adam.zero_grad()
        (-logits.log_softmax(-1)[torch.arange(len(rows)), batch.labels]).mean().backward()
        norm = math.sqrt(sum(float(p.grad.square().sum()) for p in two.module.parameters()))
        for parameter in two.module.parameters():
            parameter.grad.mul_(min(1.0, 1 / norm))
        adam.step()
    for mine, theirs in zip(one.module.parameters(), two.module.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=2e-5, rtol=1e-4)


def test_long_gradients_are_scaled_down():
    one = trainer(Schedule(epochs=2, linear=0, batch=64, clip=1e-3))
    one.epoch(0, torch.Generator())
    norm = math.sqrt(sum(parameter.grad.square().sum().item() for parameter in one.module.parameters()))
    assert norm == pytest.approx(1e-3, rel=1e-2)


def test_the_linear_start_ends():
    schedule = Schedule(epochs=2, linear=1, batch=64, rate=0.01, time=0.0, dropout=0.0)
    for epoch, linear in ((0, True), (1, False)):
        one, seen = trainer(schedule), []
        forward = one.module.forward
        one.module.forward = lambda *a, forward=forward, seen=seen, **k: (
            seen.append(k.get("separation")) or forward(*a, **k)
        )
        one.epoch(epoch, torch.Generator())
        assert (seen[0] is not None) == linear
        assert seen[-1] is None  # validation is never linear


def test_validation_is_without_noise():
    one, two = trainer(), trainer()
    two.module.load_state_dict(one.module.state_dict())
    figures = one.epoch(0, torch.Generator())
    loss, error = losses_and_errors(one.module, one.valid)
    assert (figures["valid_loss"], figures["valid_error"]) == (loss, error)
    logits = one.module(one.valid.batch(torch.arange(10))).logits
    wanted = torch.nn.functional.cross_entropy(logits, one.valid.labels)
    assert loss == pytest.approx(wanted.item())
    assert error == pytest.approx((logits.argmax(-1) != one.valid.labels).float().mean().item())


def test_a_question_of_unknown_label_is_not_learned_from_and_counts_as_wrong():
    odd = Toy(("Ann went to the moon.",), "Where is Ann?", "moon")
    one, two = trainer(toys=[*one_fact(8, 1), odd]), trainer(toys=one_fact(8, 1))
    for each in (one, two):
        each.epoch(2, torch.Generator().manual_seed(0))
    assert all(a.equal(b) for a, b in zip(one.module.parameters(), two.module.parameters(), strict=True))
    loss, error = losses_and_errors(one.module, StoryTensors([odd], one.module.vocabulary))
    assert (loss, error) == (0.0, 1.0)


def test_the_rate_is_even_and_then_falls_as_a_cosine():
    schedule = Schedule(epochs=30, linear=10, rate=0.4)
    assert [schedule.rate_at(epoch) for epoch in (0, 5.5, 10)] == [0.4] * 3
    assert schedule.rate_at(20) == pytest.approx(0.2)
    assert schedule.rate_at(15) == pytest.approx(0.2 * (1 + math.sqrt(0.5)))
    assert schedule.rate_at(30) == pytest.approx(0)


def test_a_story_is_held_out_whole():
    learnt, held = held_out([7, 7, 8, 9, 9, 9], every=3)
    assert (learnt, held) == ([0, 1, 2], [3, 4, 5])
    assert held_out([1, 2]) == ([0], [1])
    assert held_out(list(range(20)))[1] == [9, 19]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Schedule(epochs=0), "epochs must be at least 1"),
        (lambda: Schedule(batch=0), "batch must be at least 1"),
        (lambda: Schedule(rate=0.0), "rate must be above 0"),
        (lambda: Schedule(clip=float("inf")), "clip must be above 0 and finite"),
        (lambda: Schedule(epochs=5, linear=5), "linear must be at least 0 and less than epochs=5; got 5"),
        (lambda: Schedule(linear=-1), "linear must be at least 0"),
        (lambda: trainer(toys=[]), "expected questions to learn from and held out; got 0 and 10"),
    ],
)
def test_wrong_numbers(make, why):
    with pytest.raises(ArgumentError, match=why):
        make()
