"""Nothing, and what stands where nothing is: empty batches and sentences, and padding of NaN."""

import torch
from seeding import numbers, seeded
from torch import Tensor, nn

from hybridattn import (
    LSTMN,
    AligningModel,
    AlternatingCoattention,
    DecomposableAttention,
    HierarchicalAttention,
    ParallelCoattention,
    Summary,
)

NAN = float("nan")


def slopes(model: nn.Module, value: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(value.sum(), list(model.parameters()), allow_unused=True, materialize_grads=True))


def test_nan_in_the_padding_of_sentences_reaches_nothing():
    model, a, b = seeded(DecomposableAttention(3, 4, 2)), numbers(1, 2, 3), numbers(1, 4, 3, seed=1)
    wide_a, wide_b = (torch.cat((words, torch.full((1, 3, 3), NAN).double()), 1) for words in (a, b))
    masks = {"first_mask": torch.arange(5)[None] < 2, "second_mask": torch.arange(7)[None] < 4}
    torch.testing.assert_close(model(wide_a, wide_b, **masks), model(a, b))
    torch.testing.assert_close(slopes(model, model(wide_a, wide_b, **masks)), slopes(model, model(a, b)))
    for found, wanted in zip(model.aligned(wide_a, wide_b, **masks), model.aligned(a, b), strict=True):
        torch.testing.assert_close(found[:, : wanted.shape[1]], wanted)


def test_nan_in_the_padding_of_documents_reaches_nothing():
    model, words = seeded(HierarchicalAttention(3, 4, 2)), numbers(1, 2, 3, 3)
    lengths = torch.tensor([[3, 1, 0]])
    mask = torch.arange(5) < lengths.unsqueeze(-1)
    wide = torch.full((1, 3, 5, 3), NAN).double()
    wide[0, 0, :3], wide[0, 1, 0] = words[0, 0], words[0, 1, 0]
    found, alone = model(wide, mask=mask), model(words, mask=mask[:, :2, :3])
    torch.testing.assert_close(found.value, alone.value)
    torch.testing.assert_close(found.sentences, torch.cat((alone.sentences, torch.zeros(1, 1).double()), 1))
    torch.testing.assert_close(found.words[:, :2, :3], alone.words)
    torch.testing.assert_close(slopes(model, found.value), slopes(model, alone.value))


def test_a_sentence_without_words_reads_as_0():
    model, a = seeded(DecomposableAttention(3, 4, 2)), numbers(2, 2, 3)
    beta, alpha = model.aligned(a, a[:, :0])
    assert beta.equal(torch.zeros(2, 2, 3).double())
    assert alpha.shape == (2, 0, 3)
    nothing = torch.zeros(2, 2).bool()
    assert model.aligned(a, a, second_mask=nothing)[0].equal(beta)
    torch.testing.assert_close(model(a, a, second_mask=nothing), model(a, a[:, :0]))
    assert model(a, a, first_mask=nothing, second_mask=nothing).isfinite().all()


def test_the_summary_of_nothing_is_0():
    model, x = seeded(Summary(3, 2)), numbers(2, 4, 3)
    for found, n in ((model(x, mask=torch.zeros(2, 4).bool()), 4), (model(x[:, :0]), 0)):
        assert found[0].equal(torch.zeros(2, 3).double())
        assert found[1].equal(torch.zeros(2, n).double())


def test_a_document_without_words_is_0():
    model, words = seeded(HierarchicalAttention(3, 4, 2)), numbers(2, 3, 5, 3)
    mask = torch.ones(2, 3, 5).bool()
    mask[0] = False
    found = model(words, mask=mask)
    assert all(not part[0].any() for part in found)
    torch.testing.assert_close(found.value[1], model(words[1:]).value[0])


def test_batches_of_nothing():
    none = torch.zeros(0, 3).long()
    aligning = seeded(AligningModel(7, 4, 3))
    for lengths in (None, torch.zeros(0).long()):
        assert aligning(none, none, lengths=lengths).logits.shape == (0, 3, 7)
        assert aligning.decode(none, 2, lengths=lengths)[1].shape == (0, 2, 3)
    for kind in (ParallelCoattention, AlternatingCoattention):
        assert seeded(kind(3, 2))(numbers(0, 2, 3), numbers(0, 4, 3)).second_shares.shape == (0, 4)
    assert seeded(DecomposableAttention(3, 4, 2))(numbers(0, 2, 3), numbers(0, 4, 3)).shape == (0, 2)
    for mask in (None, torch.ones(0, 2, 5).bool()):
        found = seeded(HierarchicalAttention(3, 4, 2))(numbers(0, 2, 5, 3), mask=mask)
        assert [part.shape for part in found] == [(0, 4), (0, 2), (0, 2, 5)]
    assert seeded(LSTMN(3, 4, 2))(numbers(0, 5, 3))[1].shape == (0, 5, 5)
