"""The experiments themselves: what they measure, that they repeat to the last digit, and theory beside measurement."""

import math

import pytest
import torch

from hybridattn import ArgumentError, SlotMemory
from hybridattn.experiments import (
    Contender,
    Criterion,
    Ledger,
    Setup,
    SignFlips,
    basin_map,
    basin_study,
    capacity_study,
    contenders,
    csv_text,
    digits,
    energy_study,
    hebb_critical_load,
    mask_study,
    masked_recall,
    noise_study,
    noisy_recall,
    ramsauer_capacity,
    retrieval_references,
    run_study,
    sequence_contenders,
    sequence_references,
    sequence_study,
    sign_patterns,
    sphere_patterns,
    summarise_basins,
    summarise_energy,
    summarise_retrieval,
    summarise_sequences,
    tabulated,
    unit_square,
)
from hybridattn.experiments.studies.sequences import levenshtein


def setup(*names, source=None, seeds=(0, 1), beta=None, **criterion):
    known = contenders(beta)
    source = sign_patterns(64) if source is None else source
    return Setup(tuple(known[name] for name in names), source, seeds, Criterion(**criterion))


def shares(study):
    return [point.retrieved for point in summarise_retrieval(run_study(study))]


@pytest.mark.parametrize("name", contenders())
def test_every_memory_recalls_a_few_patterns(name):
    assert shares(capacity_study(setup(name), sizes=[2, 4], level=0.05)) == [1, 1]


def test_the_same_seed_gives_the_same_bytes_in_any_company_and_order(tmp_path):
    names = ("modern_hopfield", "hopfield_hebb", "sparse_distributed_memory")
    once = run_study(capacity_study(setup(*names), sizes=[4, 12], level=0.1))
    again = run_study(capacity_study(setup(*names), sizes=[4, 12], level=0.1))
    assert csv_text(once) == csv_text(again)
    alone = run_study(
        capacity_study(setup(*reversed(names), seeds=(1, 0)), sizes=[12], level=0.1), ledger=Ledger(tmp_path)
    )
    assert set(alone) < set(once)


def test_digits_from_their_seed():
    study = noise_study(setup("modern_hopfield", source=digits(), beta=1.0), size=100, levels=[0.2, 0.6])
    first, second = (csv_text(run_study(study)) for _ in range(2))
    assert first == second
    assert max(shares(study)) > 0.9


def test_all_memories_get_the_same_queries():
    seen = {}

    class Watching(SlotMemory):
        def settle(self, query, **options):
            seen.setdefault(self.tag, []).append(query)
            return super().settle(query, **options)

    def make(tag):
        def build(dim, generator):
            memory = Watching(dim, dtype=torch.float64)
            memory.tag = tag
            return memory

        return Contender(tag, build)

    both = Setup((make("one"), make("two")), sign_patterns(16), (0, 1))
    run_study(noise_study(both, size=4, levels=[0.0, 1.0]))
    assert all(one.equal(two) for one, two in zip(seen["one"], seen["two"], strict=True))
    plain, noisy = seen["one"][0], seen["one"][2]
    assert plain.abs().eq(1).all()
    assert (noisy - plain).std() == pytest.approx(1, rel=0.4)


def test_nearest_neighbour_against_theory():
    """Under a mask recall fails by a tie of visible signs alone; under noise the union bound is below the truth."""
    many = setup("nearest_neighbour", source=sign_patterns(24), seeds=tuple(range(8)))
    for point in summarise_retrieval(run_study(mask_study(many, size=32, levels=[0.5, 0.75, 0.85]))):
        theory = masked_recall(24, 32, masked=point.level)
        # a tie of one pattern with one other is won half of the time, so truth lies between these
        assert point.exact_high >= theory
        assert point.exact_low <= (1 + theory) / 2 + 0.1
    for point in summarise_retrieval(run_study(noise_study(many, size=32, levels=[0.8, 1.2]))):
        assert point.exact_high >= noisy_recall(24, 32, sigma=point.level) > 0.4


def test_hebb_breaks_down_where_theory_says():
    n = 200
    points = summarise_retrieval(
        run_study(capacity_study(setup("hopfield_hebb", source=sign_patterns(n), seeds=(0, 1, 2)), sizes=[20, 60]))
    )
    below, above = points
    assert 20 < hebb_critical_load() * n < 60
    assert below.overlap > 0.97  # AGS: .998 at load .1
    assert above.overlap < 0.6
    (curve,) = [
        one
        for one in retrieval_references(setup("hopfield_hebb", source=sign_patterns(n)), "patterns", points)
        if one.y
    ]
    assert curve.measure == "overlap"
    assert abs(curve.y[0] - below.overlap) < 0.03


def test_what_theory_speaks_about():
    def labels(names, varied, source=None):
        these = setup(*names, source=source, beta=1.0)
        rows = run_study(capacity_study(these, sizes=[2, 3]))
        return [one.label for one in retrieval_references(these, varied, summarise_retrieval(rows))]

    hebb = ["Hebb: n/(2 ln n) = 8", "Hebb: .138 n = 9", "Hebb: settled overlap (AGS)"]
    assert labels(["hopfield_hebb"], "patterns") == hebb
    assert labels(["hopfield_storkey"], "patterns") == ["Storkey: n/sqrt(2 ln n) = 22"]
    assert labels(["modern_hopfield"], "patterns") == []
    (bound,) = labels(["modern_hopfield"], "patterns", sphere_patterns(75))
    assert (
        bound
        == f"Ramsauer: at least {ramsauer_capacity(75, beta=1.0, radius=(75 / 74) ** 0.5, failure=0.001).patterns:.3g}"
    )
    both = setup("modern_hopfield", "nearest_neighbour")
    points = summarise_retrieval(run_study(mask_study(both, size=3, levels=[0.1, 0.9])))
    (shared,) = retrieval_references(both, "mask", points)
    assert (shared.label, shared.of) == ("nearest is right, at least", None)


def test_a_binary_memory_gets_signs():
    one = setup("hopfield_hebb")
    queries = torch.tensor([[0.3, -2.0, 0.0, 0.0]] * 50)
    asked = one.asked("hopfield_hebb", queries, torch.Generator().manual_seed(0))
    assert asked[:, :2].eq(torch.tensor([1.0, -1.0])).all()
    assert set(asked[:, 2:].flatten().tolist()) == {-1.0, 1.0}
    with pytest.raises(
        ArgumentError, match=r"^hopfield_hebb stores -1 and \+1 alone; patterns digits hold other numbers$"
    ):
        capacity_study(setup("hopfield_hebb", source=digits()), sizes=[2])


def test_counts_by_hand():
    """Two patterns at a right angle; the cue of the second is turned round, so it is lost."""
    rows = torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    these = setup("nearest_neighbour", source=tabulated("two", rows), seeds=(0,))
    (row,) = run_study(noise_study(these, size=2, levels=[1.0], corruption=SignFlips()))
    assert (row.queries, row.retrieved, row.exact, row.closest) == (2, 0, 0, 2.0)
    assert -1 <= row.overlap <= 0
    (row,) = run_study(noise_study(these, size=2, levels=[0.0]))
    assert (row.retrieved, row.exact, row.overlap) == (2, 2, pytest.approx(1.0))


@pytest.mark.parametrize("name", [name for name in contenders() if name != "sparse_distributed_memory"])
def test_energy_never_rises(name):
    these = setup(name, beta=0.05, steps=6)
    points = summarise_energy(run_study(energy_study(these, size=6)))
    assert [point.step for point in points] == list(range(7))
    assert points[0].rise is None
    assert max(point.rise for point in points[1:] if point.rise is not None) <= 1e-9
    assert points[-1].energy < points[0].energy


def test_energy_of_softmax_within_its_bounds():
    """0 <= E <= 2 M^2 wherever |q| <= M (Ramsauer et al. 2021)."""
    rows = run_study(energy_study(setup("modern_hopfield", beta=0.05, steps=4), size=6, level=0.0))
    assert all(0 <= row.energy <= 2 * 64 for row in rows)


def test_no_energy_is_told():
    with pytest.raises(ArgumentError, match="settle and have an energy; sparse_distributed_memory does not"):
        energy_study(setup("sparse_distributed_memory"), size=3)


def test_basins_by_hand():
    """One step to the nearest of two points: the basins are the halves of the square, and their border."""
    rows = torch.tensor([[0.5, 0.25], [-0.5, 0.25]])
    these = setup("nearest_neighbour", source=tabulated("two", rows), seeds=(0,))
    patterns, starts, reached = basin_map(these, "nearest_neighbour", size=2, seed=0, grid=4)
    right = int(patterns[:, 0].argmax())
    assert starts[0, 0].tolist() == pytest.approx([-1.1, -1.1])
    assert starts[0, 3].tolist() == pytest.approx([1.1, -1.1])
    assert reached[:, 2:].eq(right).all()
    assert reached[:, :2].eq(1 - right).all()
    found = run_study(basin_study(these, size=2, grid=4))
    assert [(row.pattern, row.reached) for row in found] == [(0, 8), (1, 8), (-1, 0)]
    (share,) = summarise_basins(found)
    assert (share.share, share.fixed) == (1, 1)


def test_softmax_has_no_exact_basins_and_sparsemax_has():
    """At beta 4 with 5 points no start ends within .001 of a pattern for softmax; measured elsewhere: 0 and .437."""
    these = setup("modern_hopfield", "sparse_hopfield", source=unit_square(), beta=4.0, seeds=tuple(range(10)))
    softmax, sparsemax = summarise_basins(run_study(basin_study(these, grid=11)))
    assert softmax.share == 0
    assert 0.2 < sparsemax.share < 0.8
    with pytest.raises(ArgumentError, match="basins are drawn in 2 dimensions; got patterns of 64"):
        basin_study(setup("modern_hopfield"))


def sequences(*names, dim=40, lengths, level=0.0, seeds=(0, 1, 2)):
    known = sequence_contenders()
    these = Setup(tuple(known[name] for name in names), sign_patterns(dim), seeds)
    return these, summarise_sequences(run_study(sequence_study(these, lengths=lengths, level=level)))


def test_pseudo_inverse_sequences_are_exact_up_to_n():
    these, (whole, lost) = sequences("pseudo_inverse_sequence", lengths=[41, 80])
    assert (whole.right, whole.whole, whole.likeness) == (1, 1, 1)
    assert whole.overlap == pytest.approx(1)
    assert lost.right < 0.5
    assert [one.label for one in sequence_references(these, [whole, lost])] == ["pseudo-inverse: n + 1 = 41"]


def test_a_higher_degree_recalls_longer_sequences():
    _, points = sequences("linear_sequence", "polynomial_sequence", "exponential_sequence", lengths=[30])
    linear, cubic, exponential = (point.right for point in points)
    assert linear < 0.5 < cubic <= exponential == 1
    _, (spoiled,) = sequences("exponential_sequence", lengths=[10], level=0.1)
    assert spoiled.whole == 1


def test_capacity_of_sequences_by_degree():
    these, points = sequences("polynomial_sequence", lengths=[2, 4])
    transitions = 40**2 / (2 * 3 * math.log(40))  # n^d / (2 (2d - 1)!! ln n), d = 2
    one, whole = sequence_references(these, points)
    assert (one.x[0], whole.x[0]) == pytest.approx((transitions, transitions / 3))


@pytest.mark.parametrize(("one", "two", "distance"), [("kitten", "sitting", 3), ("", "abc", 3), ("flaw", "lawn", 2)])
def test_levenshtein_as_in_the_textbook(one, two, distance):
    assert levenshtein(list(map(ord, one)), list(map(ord, two))) == distance
    assert levenshtein(list(map(ord, two)), list(map(ord, one))) == distance


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: capacity_study(setup("modern_hopfield"), sizes=[0]), r"patterns signs: a number from 1 .*; got 0"),
        (
            lambda: capacity_study(setup("modern_hopfield", source=digits()), sizes=[1798]),
            r"\(1797\) .*1798",
        ),
        (lambda: capacity_study(setup("modern_hopfield"), sizes=[]), "capacity needs at least one memory"),
        (
            lambda: mask_study(setup("modern_hopfield"), size=2, levels=[1.5]),
            r"the level of mask is a share in \[0, 1\]",
        ),
        (lambda: sequence_study(setup("modern_hopfield"), lengths=[1]), "got 0"),
        (lambda: basin_study(setup("modern_hopfield", source=unit_square()), grid=1), "grid must be at least 2 points"),
        (lambda: setup("modern_hopfield", steps=0), "steps must be at least 1; got 0"),
        (lambda: setup("modern_hopfield", threshold=1.0), r"threshold is a cosine in \[-1, 1\); got 1.0"),
        (lambda: contenders(0.0), "beta must be finite and above 0; got 0.0"),
    ],
)
def test_what_is_refused_before_anything_is_measured(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
