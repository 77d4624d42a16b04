"""The reader against one written out by loops, against finite differences, and against itself in other batches."""

from itertools import product

import pytest
import torch
from toys_of_reading import Toy, alone, one_fact, two_facts

from hybridattn.attention import Entmax, Linear
from hybridattn.controller import Gated
from hybridattn.errors import ArgumentError
from hybridattn.knowledge.reading import (
    AgeTable,
    Noise,
    ReaderParts,
    StoryReader,
    StoryTensors,
    Vocabulary,
    adjacent,
    bag_of_words,
    carried,
    layer_wise,
    residual,
)

TOYS = [*one_fact(6, 0), *two_facts(6, 0)]
VOCABULARY = Vocabulary.of(TOYS)
ALL = torch.arange(len(TOYS))


def gated(dim, generator):
    return Gated(dim, generator=generator)


KINDS = {
    "adjacent": {"sharing": adjacent, "link": residual},
    "layer-wise": {"sharing": layer_wise, "link": carried},
    "gated": {"link": gated},
    "absolute ages alone": {"relative": False},
}
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def reader(**parts):
    settings = {"dim": 6, "hops": 3, "span": 8, "scale": 0.4, **parts}
    return StoryReader(VOCABULARY, generator=torch.Generator().manual_seed(1), parts=ReaderParts(**settings)).double()


def batch(toys=TOYS, **more):
    return StoryTensors(toys, VOCABULARY, **more).batch(torch.arange(len(toys)))


@kinds
@pytest.mark.parametrize("linear", [False, True])
def test_it_is_the_memory_network_written_out(kind, linear):
    one = reader(**kind)
    reading = one(batch(), separation=Linear() if linear else None, trace=True)
    for row, (toy, trace) in enumerate(zip(TOYS, reading.trace.split(), strict=True)):
        logits, shares = alone(one, toy, linear=linear)
        torch.testing.assert_close(reading.logits[row], logits, atol=1e-5, rtol=1e-5)
        found = {(hop, link.slot % batch().facts.shape[1]): link.share for hop, link in trace.links()}
        for hop, place in product(range(3), range(len(toy.sentences))):
            assert found[hop + 1, place] == pytest.approx(shares[hop][place].item(), abs=1e-5, rel=1e-5)


def test_a_linear_start_has_no_softmax():
    one = reader()
    shares = [link.share for _, link in one(batch(), separation=Linear(), trace=True).trace.links()]
    assert min(shares) < -0.01  # scores of both signs
    first = [link.share for hop, link in one(batch(), trace=True).trace.links() if hop == 1 and link.question == 0]
    assert sum(first) == pytest.approx(1)
    assert min(first) > 0


@kinds
def test_gradients_against_finite_differences(kind):
    one, asked = reader(**kind), batch()

    def loss():
        return torch.nn.functional.cross_entropy(one(asked).logits, asked.labels)

    loss().backward()
    generator = torch.Generator().manual_seed(3)
    read = [parameter for parameter in one.parameters() if parameter.grad is not None]
    assert len(read) >= len(list(one.parameters())) - 1  # a question of its own embedding has no age
    for parameter in read:
        flat, slope = parameter.data.view(-1), parameter.grad.view(-1)
        for place in torch.randperm(len(flat), generator=generator)[:6].tolist():
            old = float(flat[place])
            ends = []
            for step in (1e-6, -1e-6):
                flat[place] = old + step
                ends.append(loss().item())
            flat[place] = old
            assert float(slope[place]) == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)


@kinds
@pytest.mark.parametrize("separation", [None, Linear(), Entmax(1.5)])
def test_a_story_alone_and_in_a_batch_is_answered_the_same(kind, separation):
    one = reader(**kind)
    together = one(batch(), separation=separation).logits
    for row, toy in enumerate(TOYS):
        torch.testing.assert_close(one(batch([toy]), separation=separation).logits[0], together[row])


def test_noise_is_drawn_from_its_generator_and_only_where_it_is_given():
    one, asked = reader().train(), batch()
    plain = one(asked).logits
    assert one(asked).logits.equal(plain)
    noisy = [one(asked, noise=Noise(torch.Generator().manual_seed(seed))).logits for seed in (0, 0, 1)]
    assert noisy[0].equal(noisy[1])
    assert not noisy[0].equal(noisy[2])
    assert not noisy[0].equal(plain)
    none = Noise(torch.Generator().manual_seed(0), time=0.0, dropout=0.0)
    assert one(asked, noise=none).logits.equal(plain)


def test_gaps_make_older_sentences_older():
    noise = Noise(torch.Generator().manual_seed(0), time=0.3, dropout=0.0)
    ages = torch.arange(40).expand(500, 40)
    aged = noise.aged(ages)
    steps = aged.diff(dim=1)
    assert set(steps.flatten().tolist()) == {1, 2}
    assert float((steps == 2).double().mean()) == pytest.approx(0.3, abs=0.01)
    assert float((aged[:, 0] == 1).double().mean()) == pytest.approx(0.3, abs=0.06)


def test_dropout_keeps_the_mean():
    codes = torch.ones(200, 500)
    dropped = Noise(torch.Generator().manual_seed(0), dropout=0.2).dropped(codes)
    assert sorted(set(dropped.flatten().tolist())) == pytest.approx([0, 1.25])
    assert float(dropped.mean()) == pytest.approx(1, abs=0.01)


def test_a_story_without_sentences_is_read_as_nothing():
    toys = [Toy((), "Where is Ann?", "hall"), TOYS[0]]
    one = reader()
    reading = one(batch(toys), trace=True)
    assert reading.logits.isfinite().all()
    assert {link.question for _, link in reading.trace.links()} == {1}
    torch.testing.assert_close(one(batch(toys[:1])).logits[0], reading.logits[0])


def test_unknown_words_say_nothing():
    one = reader()
    known, unknown = (Toy((f"{who} went to the hall.",), "Where is Ann?", "hall") for who in ("Ann", "Zoe"))
    with torch.no_grad():
        one.words[1 + VOCABULARY.words.index("ann")] = 0.0
    torch.testing.assert_close(one(batch([known])).logits, one(batch([unknown])).logits)


def test_the_order_of_words_matters_to_position_encoding_alone():
    toys = [Toy((text,), "Where is Ann?", "hall") for text in ("Ann took the hat.", "Hat took the Ann.")]
    apart, same = (reader(encoding=one)(batch(toys)).logits for one in (reader().parts.encoding, bag_of_words))
    assert not torch.allclose(apart[0], apart[1])
    torch.testing.assert_close(same[0], same[1])


def test_a_table_of_ages_is_the_paper():
    one = reader(ages=AgeTable(8), relative=False)
    assert one.times[0].shape == (8, 6)
    assert one(batch()).logits.isfinite().all()


def test_embeddings_are_shared_as_said():
    assert reader().words.shape[1] == 4 * 6
    assert reader(sharing=layer_wise, link=carried).words.shape[1] == 3 * 6
    assert len(reader(sharing=layer_wise, link=carried).links) == 1
    assert adjacent(3) == (4, 0, (0, 1, 2), (1, 2, 3), (0, 1, 2))
    assert layer_wise(3) == (3, 2, (0, 0, 0), (1, 1, 1), (0, 0, 0))


def test_the_first_weights_come_from_the_generator():
    one, two = reader(), reader()
    assert all(a.equal(b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))
    big = StoryReader(VOCABULARY, generator=torch.Generator().manual_seed(0), parts=ReaderParts(dim=400, scale=0.3))
    assert big.words.std().item() == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: ReaderParts(dim=0), "dim must be at least 1; got 0"),
        (lambda: ReaderParts(hops=0), "hops must be at least 1; got 0"),
        (lambda: ReaderParts(span=0), "span must be at least 1; got 0"),
        (lambda: ReaderParts(scale=0.0), "scale must be above 0"),
        (lambda: Noise(torch.Generator(), time=1.0), r"time must be a share in \[0, 1\)"),
        (lambda: Noise(torch.Generator(), dropout=-0.1), r"dropout must be a share in \[0, 1\)"),
    ],
)
def test_wrong_numbers(make, why):
    with pytest.raises(ArgumentError, match=why):
        make()


def test_parts_as_plain_data():
    plain = ReaderParts(ages=AgeTable(3), sharing=layer_wise).to_json()
    assert (plain["dim"], plain["sharing"], plain["ages"]) == (64, "layer_wise", "AgeTable(span=3)")
    assert (plain["encoding"], plain["separation"]) == ("position_encoding", "Softmax()")
