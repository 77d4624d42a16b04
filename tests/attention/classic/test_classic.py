"""The first models of attention against loops over their papers' equations, alone and in batches."""

import math

import pytest
import torch
from seeding import numbers, seeded
from torch import Tensor, nn

from hybridattn import (
    LSTMN,
    AligningModel,
    AlternatingCoattention,
    DecomposableAttention,
    HierarchicalAttention,
    Linear,
    ParallelCoattention,
    Summary,
    read,
)


def softmax(scores: list[float]) -> list[float]:
    powers = [math.exp(score) for score in scores]
    return [power / sum(powers) for power in powers]


def test_in_the_beginning_x_x_t_x():
    x = numbers(4, 3)
    torch.testing.assert_close(read(x, x, x, separation=Linear()).value, x @ x.T @ x)


def lstmn_by_hand(model: LSTMN, x: Tensor) -> tuple[Tensor, list[list[float]]]:
    """Equations 4 to 9 of Cheng et al. 2016, a step and a place at a time."""
    hidden: list[Tensor] = []
    memory: list[Tensor] = []
    before, shares = torch.zeros(model.width).double(), []
    for step in x:
        scores = [
            float(
                model.vector
                @ torch.tanh(
                    model.attention["past"] @ h + model.attention["input"] @ step + model.attention["before"] @ before
                )
            )
            for h in hidden
        ]
        share = softmax(scores) if scores else []
        before = sum((s * h for s, h in zip(share, hidden, strict=True)), torch.zeros(model.width).double())
        cell = sum((s * c for s, c in zip(share, memory, strict=True)), torch.zeros(model.width).double())
        made, gate, kept, out = (model.gates.weight @ torch.cat((before, step)) + model.gates.bias).chunk(4)
        cell = torch.sigmoid(kept) * cell + torch.sigmoid(gate) * torch.tanh(made)
        hidden.append(torch.sigmoid(out) * torch.tanh(cell))
        memory.append(cell)
        shares.append(share + [0.0] * (len(x) - len(share)))
    return torch.stack(hidden), shares


@pytest.mark.parametrize("length", [1, 2, 7])
def test_an_lstmn_step_by_step(length):
    model, x = seeded(LSTMN(3, 4, 5)), numbers(2, length, 3)
    tape, shares = model(x)
    for row in range(2):
        wanted, wanted_shares = lstmn_by_hand(model, x[row])
        torch.testing.assert_close(tape[row], wanted)
        torch.testing.assert_close(shares[row], torch.tensor(wanted_shares).double().reshape(length, length))
    assert shares.triu().abs().sum() == 0


def test_an_lstmn_learns_through_its_tapes():
    model, x = seeded(LSTMN(2, 3, 2)), numbers(1, 3, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: model(x)[0], x)
    model(x)[0].sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())
    assert model(numbers(2, 0, 2))[0].shape == (2, 0, 3)


def two_layers(network: nn.Module, x: Tensor) -> Tensor:
    """Two layers of ReLU units: F, G, and the first part of H in Parikh et al. 2016."""
    first, second = (layer for layer in network if isinstance(layer, nn.Linear))
    units = torch.clamp(first.weight @ x + first.bias, min=0)
    return torch.clamp(second.weight @ units + second.bias, min=0)


@pytest.mark.parametrize("length", [2, 4])
def test_two_sentences_are_decomposed(length):
    model, a, b = seeded(DecomposableAttention(3, 4, 2)), numbers(1, length, 3), numbers(1, 4, 3, seed=1)
    e = [
        [float(two_layers(model.attend, a[0, i]) @ two_layers(model.attend, b[0, j])) for j in range(4)]
        for i in range(length)
    ]
    beta = torch.stack([sum(s * b[0, j] for j, s in enumerate(softmax(e[i]))) for i in range(length)])
    columns = [softmax([e[i][j] for i in range(length)]) for j in range(4)]
    alpha = torch.stack([sum(s * a[0, i] for i, s in enumerate(column)) for column in columns])
    got_beta, got_alpha = model.aligned(a, b)
    torch.testing.assert_close(got_beta[0], beta)
    torch.testing.assert_close(got_alpha[0], alpha)
    one = sum(two_layers(model.compare, torch.cat((a[0, i], beta[i]))) for i in range(length))
    other = sum(two_layers(model.compare, torch.cat((b[0, j], alpha[j]))) for j in range(4))
    units, last = two_layers(model.aggregate[0], torch.cat((one, other))), model.aggregate[1]
    torch.testing.assert_close(model(a, b)[0], last.weight @ units + last.bias)


def test_padding_of_sentences_changes_nothing():
    model, a, b = seeded(DecomposableAttention(3, 4, 2)), numbers(2, 5, 3), numbers(2, 6, 3, seed=1)
    first, second = torch.arange(5) < torch.tensor([[5], [2]]), torch.arange(6) < torch.tensor([[3], [6]])
    together = model(a, b, first_mask=first, second_mask=second)
    torch.testing.assert_close(together[0], model(a[:1], b[:1, :3])[0])
    torch.testing.assert_close(together[1], model(a[1:, :2], b[1:])[0])


def test_parallel_coattention_by_hand():
    model, q, v = seeded(ParallelCoattention(3, 2)), numbers(1, 2, 3), numbers(1, 4, 3, seed=1)
    affinity = torch.tensor(
        [[math.tanh(float(q[0, i] @ model.affinity @ v[0, j])) for j in range(4)] for i in range(2)]
    )
    qs, vs = q[0] @ model.to_first, v[0] @ model.to_second
    for_q = [qs[i] + sum(affinity[i, j] * vs[j] for j in range(4)) for i in range(2)]
    for_v = [vs[j] + sum(affinity[i, j] * qs[i] for i in range(2)) for j in range(4)]
    found = model(q, v)
    sides = ((for_q, model.first_vector, q, found.first_shares, found.first),)
    sides += ((for_v, model.second_vector, v, found.second_shares, found.second),)
    for units, vector, x, shares, value in sides:
        wanted = softmax([float(torch.tanh(unit) @ vector) for unit in units])
        assert shares[0].tolist() == pytest.approx(wanted)
        torch.testing.assert_close(value[0], sum(s * row for s, row in zip(wanted, x[0], strict=True)))


def test_alternating_coattention_by_hand():
    model, q, v = seeded(AlternatingCoattention(3, 2)), numbers(1, 2, 3), numbers(1, 4, 3, seed=1)
    guide, read_of, read_by = torch.zeros(3).double(), [], []
    for step, x in enumerate((q, v, q)):
        units = [torch.tanh(row @ model.to_input[step] + guide @ model.to_guide[step]) for row in x[0]]
        shares = softmax([float(unit @ model.vectors[step]) for unit in units])
        guide = sum(s * row for s, row in zip(shares, x[0], strict=True))
        read_of.append(guide)
        read_by.append(shares)
    found = model(q, v)
    torch.testing.assert_close(found.first[0], read_of[2])
    torch.testing.assert_close(found.second[0], read_of[1])
    assert found.first_shares[0].tolist() == pytest.approx(read_by[2])
    assert found.second_shares[0].tolist() == pytest.approx(read_by[1])


@pytest.mark.parametrize("kind", [ParallelCoattention, AlternatingCoattention])
def test_coattention_alone_and_in_a_batch(kind):
    model, q, v = seeded(kind(3, 2)), numbers(4, 2, 3), numbers(4, 5, 3, seed=1)
    for part, whole in zip(model(q[2:3], v[2:3]), model(q, v), strict=True):
        torch.testing.assert_close(part[0], whole[2])


def test_a_summary_by_hand():
    model, x = seeded(Summary(3, 2)), numbers(4, 3)
    keys = [torch.tanh(model.to_key.weight @ row + model.to_key.bias) for row in x]
    wanted = softmax([float(key @ model.query) for key in keys])
    value, shares = model(x)
    assert shares.tolist() == pytest.approx(wanted)
    torch.testing.assert_close(value, sum(s * row for s, row in zip(wanted, x, strict=True)))


def test_a_document_is_the_same_without_its_padding():
    model, words = seeded(HierarchicalAttention(3, 4, 2)), numbers(2, 3, 5, 3)
    lengths = torch.tensor([[5, 2, 3], [4, 1, 0]])
    found = model(words, mask=torch.arange(5) < lengths.unsqueeze(-1))
    alone = model(words[1:, :2], mask=torch.arange(5) < lengths[1:, :2].unsqueeze(-1))
    torch.testing.assert_close(found.value[1], alone.value[0])
    torch.testing.assert_close(found.sentences.sum(-1), torch.ones(2).double())
    assert found.sentences[1, 2] == 0
    torch.testing.assert_close(found.words.sum(-1)[lengths > 0], torch.ones(5).double())
    assert found.words[0, 1, 2:].abs().sum() == 0
    assert found.words[1, 2].abs().sum() == 0
    first = model.word_encoder(words[0, 1:2, :2])[0]
    _, shares = model.word_summary(first[0])
    torch.testing.assert_close(found.words[0, 1, :2], shares)
    rows = [model.word_summary(model.word_encoder(words[1, s : s + 1, :n])[0][0])[0] for s, n in enumerate((4, 1))]
    value, _ = model.sentence_summary(model.sentence_encoder(torch.stack(rows)[None])[0][0])
    torch.testing.assert_close(found.value[1], value)


def test_an_alignment_reads_what_the_similarity_says():
    model, source, target = seeded(AligningModel(7, 4, 3)), torch.tensor([[1, 5, 2]]), torch.tensor([[3, 4, 1, 6]])
    found = model(source, target)
    keys = model.annotate(model.encoder(model.embedding(source))[0])[0]
    state, last = keys[0], torch.tensor(0)
    for step in range(4):
        scores = [
            float(
                model.similarity.vector
                @ torch.tanh(model.similarity.query_weight @ state + model.similarity.key_weight @ key)
            )
            for key in keys
        ]
        shares = softmax(scores)
        assert found.shares[0, step].tolist() == pytest.approx(shares)
        context = sum(s * key for s, key in zip(shares, keys, strict=True))
        state = model.cell(torch.cat((model.embedding(last), context))[None], state[None])[0]
        torch.testing.assert_close(found.logits[0, step], model.out(torch.cat((state, context))))
        last = target[0, step]


def test_alignments_alone_and_in_a_ragged_batch():
    model = seeded(AligningModel(7, 4, 3))
    source, target = torch.tensor([[1, 5, 2, 6], [3, 4, 0, 0]]), torch.tensor([[3, 4, 1], [5, 5, 2]])
    together = model(source, target, lengths=torch.tensor([4, 2]))
    alone = model(source[1:, :2], target[1:])
    torch.testing.assert_close(together.logits[1], alone.logits[0])
    torch.testing.assert_close(together.shares[1, :, :2], alone.shares[0])
    assert together.shares[1, :, 2:].abs().sum() == 0
    wider = model(torch.cat((source, source), 1), target, lengths=torch.tensor([4, 2]))  # padding in every row
    torch.testing.assert_close(wider.logits, together.logits)
    torch.testing.assert_close(wider.shares, torch.cat((together.shares, torch.zeros(2, 3, 4).double()), -1))
    written, shares = model.decode(source, 3, lengths=torch.tensor([4, 2]))
    assert written.shape == (2, 3)
    assert not shares.requires_grad
    again = model(source, written, lengths=torch.tensor([4, 2]))
    assert again.logits.argmax(-1).equal(written)  # greedy: what it wrote is what it would write
    torch.testing.assert_close(again.shares, shares)
