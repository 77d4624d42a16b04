"""Training from seeds: what is kept goes on to the same numbers, what is finished stays, the rest is refused."""

import statistics
import sys

import pytest
import torch
from torch import nn

from hybridattn.errors import ArgumentError, ConvergenceError
from hybridattn.knowledge.training import RunFolder, Spread, Training, TrainingRun, chosen_run, train_runs
from hybridattn.running import seeded


class Line:
    """Fits y = 2 x + 1 from noisy examples, with dropout of examples."""

    def __init__(self, seed, *, kind=torch.optim.Adam, trained=None, stop=None):
        torch.manual_seed(seed)
        self.module = nn.Linear(1, 1)
        self.optimizer = kind(self.module.parameters(), 0.1)
        self.trained, self.stop = trained if trained is not None else [], stop

    def epoch(self, number, generator):
        x = torch.randn(16, 1, generator=generator)
        self.optimizer.zero_grad()
        loss = (self.module(x) - 2 * x - 1).square().mean()
        loss.backward()
        self.optimizer.step()
        self.trained.append(number)
        if self.stop == number:
            raise KeyboardInterrupt
        return {"loss": loss.item(), "other": -float(number)}


def line(epochs=12, name="line", judge="loss", patience=None, settings=None, **more):
    return Training(
        name, lambda seed: Line(seed, **more), epochs, judge, patience, {"dim": 1} if settings is None else settings
    )


def same(one, other):
    assert one.history == other.history
    assert (one.seed, one.best) == (other.seed, other.best)
    assert one.weights.keys() == other.weights.keys()
    assert all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)


def test_it_learns_and_the_weights_are_those_of_the_best_epoch():
    [run] = train_runs(line(80), [3])
    assert len(run.history) == 80
    assert run.figures["loss"] == min(one["loss"] for one in run.history) < 0.1 < run.history[0]["loss"]
    assert run.history.index(run.figures) == run.best

    again = Line(3)  # the same by hand
    for number in range(run.best + 1):
        again.epoch(number, seeded(3, "line", "epoch", number))
    other = nn.Linear(1, 1)
    run.into(other)
    assert torch.equal(other.weight, again.module.weight)
    with pytest.raises(ArgumentError, match="another model"):
        run.into(nn.Linear(2, 1))


def test_a_run_does_not_depend_on_those_before_it():
    one, two = train_runs(line(), [1, 2])
    same(two, train_runs(line(), [2])[0])
    assert one.history != two.history


@pytest.mark.parametrize(
    "kind", [torch.optim.Adam, lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9), torch.optim.SGD]
)
@pytest.mark.parametrize("stop", [0, 1, 7])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(tmp_path, kind, stop):
    whole = train_runs(line(kind=kind), [5])[0]
    with pytest.raises(KeyboardInterrupt):
        train_runs(line(kind=kind, stop=stop), [5], folder=tmp_path)
    trained = []
    run = train_runs(line(kind=kind, trained=trained), [5], folder=tmp_path)[0]
    assert trained == list(range(stop, 12))  # the epoch that was cut off is trained again, those before are not
    same(run, whole)


def test_what_is_finished_is_never_trained_again(tmp_path):
    first = train_runs(line(), [1, 2], folder=tmp_path / "new" / "folder")
    trained = []
    second = train_runs(line(trained=trained), [1, 2, 3], folder=tmp_path / "new" / "folder")
    assert trained == list(range(12))
    for one, other in zip(first, second, strict=False):
        same(one, other)
        assert one.seconds == other.seconds > 0


def test_an_interrupt_keeps_the_runs_before(tmp_path):
    class StopError(Exception):
        pass

    def told(progress):
        if (progress.run, progress.epoch) == (2, 4):
            raise StopError

    with pytest.raises(StopError):
        train_runs(line(), [1, 2], folder=tmp_path, progress=told)
    kept = RunFolder(tmp_path)
    assert kept.read(line(), 1).finished
    assert not kept.read(line(), 2).finished
    assert len(kept.read(line(), 2).history) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["line-1.safetensors", "line-2.safetensors"]


def test_it_is_kept_between_epochs_too(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["hybridattn.knowledge.training.runs"], "PAUSE", -1.0)
    seen = []

    def told(progress):
        seen.append(len(RunFolder(tmp_path).read(line(), 0).history))

    train_runs(line(), [0], folder=tmp_path, progress=told)
    assert seen == list(range(1, 13))


def test_patience_ends_a_run_and_says_so_again_from_the_file(tmp_path):
    falling = line(judge="other", patience=3)
    assert len(train_runs(falling, [0])[0].history) == 12
    [run] = train_runs(line(200, patience=3), [0], folder=tmp_path)
    assert len(run.history) - 1 - run.best == 3
    assert len(run.history) < 200
    same(train_runs(line(200, patience=3, stop=0), [0], folder=tmp_path)[0], run)


def test_progress_is_told():
    seen = []
    train_runs(line(2), [7, 8], progress=seen.append)
    assert [one[:5] for one in seen] == [
        ("line", 1, 2, 1, 2),
        ("line", 1, 2, 2, 2),
        ("line", 2, 2, 1, 2),
        ("line", 2, 2, 2, 2),
    ]
    assert seen[0].figures["other"] == 0.0


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (line(13), "holds a run with epochs 12; got 13: name another folder"),
        (line(judge="other"), 'holds a run with judge "loss"; got "other"'),
        (line(settings={"dim": 2}), "holds a run with dim 1; got 2"),
        (line(settings={}), "holds a run with dim 1; got null"),
        (line(patience=2), "holds a run with patience null; got 2"),
    ],
)
def test_other_settings_are_refused(tmp_path, other, why):
    train_runs(line(), [0], folder=tmp_path)
    with pytest.raises(ArgumentError, match=why):
        train_runs(other, [0], folder=tmp_path)
    assert len(train_runs(line(stop=0), [0], folder=tmp_path)[0].history) == 12  # still there


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: b"", lambda data: b"x" * 40])
def test_a_broken_file_is_named(tmp_path, spoil):
    train_runs(line(), [0], folder=tmp_path)
    path = tmp_path / "line-0.safetensors"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ArgumentError, match=r"line-0.safetensors must be a run that was kept, seed 0"):
        train_runs(line(), [0], folder=tmp_path)


def test_a_file_of_another_seed_or_of_no_run_is_named(tmp_path):
    from safetensors.torch import save_file

    train_runs(line(), [0], folder=tmp_path)
    (tmp_path / "line-0.safetensors").rename(tmp_path / "line-1.safetensors")
    save_file({"weight": torch.zeros(2)}, tmp_path / "line-2.safetensors")
    for seed in (1, 2):
        with pytest.raises(ArgumentError, match=f"line-{seed}.safetensors must be a run that was kept, seed {seed}"):
            train_runs(line(), [seed], folder=tmp_path)


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match="runs need a folder to write"):
        train_runs(line(), [0], folder=tmp_path / "file")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: line(name="../x"), "name must be letters"),
        (lambda: line(epochs=0), "epochs must be at least 1; got 0"),
        (lambda: line(patience=0), "patience must be at least 1; got 0"),
        (lambda: line(settings={"a": object()}), "settings must be plain data"),
        (lambda: line(settings={"a": float("nan")}), "settings must be plain data"),
        (lambda: train_runs(line(), []), "seeds must be at least one, each once"),
        (lambda: train_runs(line(), [1, 1]), "seeds must be at least one, each once"),
        (lambda: train_runs(line(judge="none"), [0]), r"must give the figure 'none'; got \['loss', 'other'\]"),
        (lambda: chosen_run([], judge="loss"), "runs must be at least one"),
        (lambda: chosen_run(train_runs(line(2), [0]), judge="none"), "each with the figure 'none'"),
        (lambda: Spread.of([]), "values must be finite numbers"),
        (lambda: Spread.of([float("inf")]), "values must be finite numbers"),
    ],
)
def test_wrong_arguments(make, why):
    with pytest.raises(ArgumentError, match=why):
        make()


def test_a_figure_that_is_no_number_ends_the_run(tmp_path):
    class Diverges(Line):
        def epoch(self, number, generator):
            return {"loss": 1.0 if number < 2 else float("nan")}

    training = Training("bad", Diverges, 5, "loss")
    with pytest.raises(ConvergenceError, match="bad, seed 4, epoch 2: loss must be a finite number; got nan"):
        train_runs(training, [4], folder=tmp_path)
    assert len(RunFolder(tmp_path).read(training, 4).history) == 2


def test_an_optimiser_whose_state_is_no_tensors_is_refused():
    class Odd(Line):
        def epoch(self, number, generator):
            self.optimizer.state[self.module.weight]["note"] = "text"
            return {"loss": 1.0}

    with pytest.raises(ArgumentError, match="the state of the optimiser must be tensors; Adam has note 'text'"):
        train_runs(Training("odd", Odd, 1, "loss"), [0])


def test_spread_and_choice():
    values = [3.0, 1.0, 1.0, 4.0]
    spread = Spread.of(values)
    assert (spread.mean, spread.least, spread.most, spread.runs) == (2.25, 1.0, 4.0, 4)
    assert spread.spread == pytest.approx(statistics.stdev(values))
    assert Spread.of([5.0]).spread == 0.0
    runs = [TrainingRun(seed, ({"loss": value},), 0, {}, 0.0) for seed, value in enumerate(values)]
    assert chosen_run(runs, judge="loss").seed == 1
