"""What the first models of attention refuse, and how they say it."""

import pytest
import torch
from torch import Tensor

from hybridattn import (
    LSTMN,
    AligningModel,
    AlternatingCoattention,
    ArgumentError,
    DecomposableAttention,
    HierarchicalAttention,
    ParallelCoattention,
    ShapeError,
    Summary,
)

ALIGNING = AligningModel(3, 2, 2)
DECOMPOSABLE = DecomposableAttention(3, 4, 2)
HIERARCHY = HierarchicalAttention(3, 4, 2)
COATTENTIONS = (ParallelCoattention(3, 2), AlternatingCoattention(3, 2))
ONE, TWO = torch.tensor([[1]]), torch.tensor([[1, 2]])


def ones(*shape: int) -> Tensor:
    return torch.ones(*shape)


def mask(*shape: int) -> Tensor:
    return torch.ones(*shape).bool()


@pytest.mark.parametrize("sizes", [(0, 2, 3), (2, 0, 3), (2, 3, 0)])
@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (LSTMN, "dim, width and hidden"),
        (AligningModel, "symbols, width and hidden"),
        (DecomposableAttention, "dim, hidden and classes"),
    ],
)
def test_three_sizes_are_at_least_1(kind, names, sizes):
    with pytest.raises(ArgumentError, match="{} must be at least 1; got {}, {} and {}$".format(names, *sizes)):
        kind(*sizes)


@pytest.mark.parametrize("sizes", [(0, 2), (2, 0)])
@pytest.mark.parametrize("kind", [ParallelCoattention, AlternatingCoattention, Summary])
def test_two_sizes_are_at_least_1(kind, sizes):
    with pytest.raises(ArgumentError, match="dim and hidden must be at least 1; got {} and {}$".format(*sizes)):
        kind(*sizes)


@pytest.mark.parametrize("sizes", [(0, 4), (3, 0), (3, 5)])
def test_a_hierarchy_has_an_even_width(sizes):
    with pytest.raises(ArgumentError, match="width even, at least 2; got {} and {}$".format(*sizes)):
        HierarchicalAttention(*sizes, 2)


@pytest.mark.parametrize(
    ("source", "target", "lengths", "kind", "said"),
    [
        (ONE[0], ONE, None, ShapeError, r"source must have shape \(b, n\) with n at least 1; got \(1,\)"),
        (ONE[:, :0], ONE, None, ShapeError, r"source must have .*; got \(1, 0\)"),
        (ONE, ONE[:, :0], None, ShapeError, r"target must have .*; got \(1, 0\)"),
        (ONE, ONE.expand(2, 1), None, ShapeError, "target must be one for each of 1 sources; got 2"),
        (ONE.float(), ONE, None, ArgumentError, "source must be int64 symbols; got torch.float32"),
        (ONE, ONE.int(), None, ArgumentError, "target must be int64 symbols; got torch.int32"),
        (ONE + 2, ONE, None, ArgumentError, r"source must be symbols in \[0, 3\); got 3"),
        (ONE, TWO - 2, None, ArgumentError, r"target must be symbols in \[0, 3\); got -1"),
        (TWO, ONE, [3], ArgumentError, r"lengths must be one in \[1, 2\] for each of 1 sources; got \[3\]"),
        (TWO, ONE, [0], ArgumentError, r"lengths must be one in .*; got \[0\]"),
        (TWO, ONE, [[1]], ArgumentError, r"lengths must be one in .*; got \[\[1\]\]"),
        (TWO, ONE, [1, 1], ArgumentError, r"lengths must be one in .*; got \[1, 1\]"),
        (TWO, ONE, [1.5], ArgumentError, "lengths must be int64 or int32; got torch.float32"),
        (TWO, ONE, [True], ArgumentError, "lengths must be int64 or int32; got torch.bool"),
    ],
)
def test_of_the_aligning_model(source, target, lengths, kind, said):
    with pytest.raises(kind, match=said):
        ALIGNING(source, target, lengths=None if lengths is None else torch.tensor(lengths))


def test_of_decoding():
    with pytest.raises(ArgumentError, match="steps must be at least 1; got 0"):
        ALIGNING.decode(ONE, 0)
    with pytest.raises(ArgumentError, match=r"lengths must be one in \[1, 1\]"):
        ALIGNING.decode(ONE, 1, lengths=torch.tensor([2]))


@pytest.mark.parametrize("read", [*COATTENTIONS, DECOMPOSABLE, DECOMPOSABLE.aligned])
@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (ones(2, 3), ones(1, 2, 3), r"first must have shape \(b, n, 3\).*; got \(2, 3\)"),
        (ones(1, 2, 4), ones(1, 2, 3), r"first must have shape \(b, n, 3\).*; got \(1, 2, 4\)"),
        (ones(1, 2, 3), ones(1, 2, 4), r"second must have shape \(b, n, 3\).*; got \(1, 2, 4\)"),
        (ones(1, 2, 3), ones(1, 1, 2, 3), r"second must have shape \(b, n, 3\).*; got \(1, 1, 2, 3\)"),
        (ones(1, 2, 3), ones(2, 2, 3), "first and second must be as many; got 1 and 2"),
        (ones(3, 2, 3), ones(2, 2, 3), "first and second must be as many; got 3 and 2"),
    ],
)
def test_of_two_inputs(read, first, second, said):
    with pytest.raises(ShapeError, match=said):
        read(first, second)


@pytest.mark.parametrize("read", COATTENTIONS)
def test_of_an_empty_input(read):
    with pytest.raises(ShapeError, match=r"first must have .* with n at least 1; got \(1, 0, 3\)"):
        read(ones(1, 0, 3), ones(1, 2, 3))
    with pytest.raises(ShapeError, match=r"second must have .* with n at least 1; got \(1, 0, 3\)"):
        read(ones(1, 2, 3), ones(1, 0, 3))


@pytest.mark.parametrize("read", [DECOMPOSABLE, DECOMPOSABLE.aligned])
@pytest.mark.parametrize(
    ("masks", "kind", "said"),
    [
        ({"first_mask": mask(2, 5)}, ShapeError, r"first_mask must have shape \(2, 4\); got \(2, 5\)"),
        ({"second_mask": mask(2, 4)}, ShapeError, r"second_mask must have shape \(2, 5\); got \(2, 4\)"),
        ({"second_mask": mask(5)}, ShapeError, r"second_mask must have shape \(2, 5\); got \(5,\)"),
        ({"first_mask": ones(2, 4)}, ArgumentError, "first_mask must be bool, .*; got torch.float32"),
        ({"second_mask": mask(2, 5).long()}, ArgumentError, "second_mask must be bool, .*; got torch.int64"),
    ],
)
def test_of_masks_of_sentences(read, masks, kind, said):
    with pytest.raises(kind, match=said):
        read(ones(2, 4, 3), ones(2, 5, 3), **masks)


@pytest.mark.parametrize(
    ("x", "given", "kind", "said"),
    [
        (ones(3), None, ShapeError, r"x must have shape \(..., n, 3\); got \(3,\)"),
        (ones(2, 4), None, ShapeError, r"x must have shape \(..., n, 3\); got \(2, 4\)"),
        (ones(2, 4, 3), mask(2, 5), ShapeError, r"mask must have shape \(2, 4\); got \(2, 5\)"),
        (ones(4, 3), mask(3, 4), ShapeError, r"mask must have shape \(4,\); got \(3, 4\)"),
        (ones(2, 4, 3), ones(2, 4), ArgumentError, "mask must be bool, True where something is; got torch.float32"),
    ],
)
def test_of_summaries(x, given, kind, said):
    with pytest.raises(kind, match=said):
        Summary(3, 2)(x, mask=given)


@pytest.mark.parametrize(
    ("words", "given", "kind", "said"),
    [
        (ones(2, 3, 3), None, ShapeError, r"words must have shape \(b, s, n, 3\) .*; got \(2, 3, 3\)"),
        (ones(1, 2, 2, 4), None, ShapeError, r"words must have .*; got \(1, 2, 2, 4\)"),
        (ones(1, 0, 2, 3), None, ShapeError, r"words must have .* at least 1; got \(1, 0, 2, 3\)"),
        (ones(1, 2, 0, 3), None, ShapeError, r"words must have .* at least 1; got \(1, 2, 0, 3\)"),
        (ones(1, 2, 2, 3), mask(1, 2), ShapeError, r"mask must have shape \(1, 2, 2\); got \(1, 2\)"),
        (ones(1, 2, 2, 3), ones(1, 2, 2), ArgumentError, "mask must be bool, .*; got torch.float32"),
        (
            ones(1, 2, 3, 3),
            torch.tensor([[[1, 1, 0], [1, 0, 1]]]).bool(),
            ArgumentError,
            r"mask must be True at the first words of a sentence; got True after False at \(0, 1, 2\)",
        ),
        (
            ones(1, 3, 2, 3),
            torch.tensor([[[1, 1], [0, 0], [1, 0]]]).bool(),
            ArgumentError,
            r"mask must be True at the first sentences of a document; got True after False at \(0, 2\)",
        ),
    ],
)
def test_of_hierarchies(words, given, kind, said):
    with pytest.raises(kind, match=said):
        HIERARCHY(words, mask=given)


@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 2), (1, 2, 2, 3)])
def test_of_the_lstmn(shape):
    with pytest.raises(
        ShapeError, match=r"x must have shape \(b, n, 3\); got \({}\)".format(", ".join(map(str, shape)))
    ):
        LSTMN(3, 4, 2)(ones(*shape))
