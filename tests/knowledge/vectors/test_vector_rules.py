"""Relations as vectors: reads by hand, nothing from nothing, and the same chart as a table of rules."""

import math

import pytest
import torch

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.rules import Composer, Story, rule_text, soft_chart
from hybridattn.knowledge.rules.soft import of_parts
from hybridattn.knowledge.vectors import EmbeddedRules
from hybridattn.running import seeded

NAMES = ("parent", "grandparent", "aunt")


def made(names=NAMES, dim=8):
    return EmbeddedRules(names, generator=seeded(0, "test"), dim=dim)


def taught(rules, first, second, third):
    """Write the bilinear form that composes embeddings of one pair to three times the embedding of a third."""
    with torch.no_grad():
        e = rules.embeddings
        rules.bilinear += 3 * torch.einsum("k,i,j->kij", e[third], e[first], e[second])
    return rules


def test_embeddings_start_orthonormal_and_with_too_few_dimensions_of_length_one():
    torch.testing.assert_close(made().embeddings @ made().embeddings.T, torch.eye(3))
    torch.testing.assert_close(made(dim=2).embeddings.norm(dim=1), torch.ones(3))


def test_a_read_is_a_softmax_with_one_slot_more():
    rules = made()
    with torch.no_grad():
        shares = rules.shares(rules.embeddings[1])
        total = math.exp(8) + 2 + math.exp(8 * 0.8)
    assert shares.tolist() == pytest.approx([1 / total, math.exp(8) / total, 1 / total], rel=1e-4)


def test_a_pair_of_which_nothing_was_learnt_composes_to_nothing():
    rules = taught(made(), 0, 0, 1)
    mass = rules.probabilities().detach().sum(-1)
    assert mass[0, 0] > 0.99
    assert (mass.flatten()[1:] < 0.02).all()


def test_paths_compose_as_the_chart_says():
    rules = taught(made(), 0, 0, 1)
    with torch.no_grad():
        path = rules.embeddings[[0, 0]][None]
        found = rules(path)
        wanted = soft_chart(rules.shares(path), rules.probabilities(), beta=4.0)
    torch.testing.assert_close(found, wanted)
    assert found.argmax(1).tolist() == [1]


def test_order_matters_and_sure_splits_get_the_attention():
    rules = taught(taught(made(), 0, 1, 2), 2, 0, 1)
    table = rules.probabilities().detach()
    assert table[0, 1, 2] > 0.9 > 0.1 > table[1, 0].sum()
    with torch.no_grad():
        path = rules.embeddings[[0, 1, 0]][None]
        found, even = rules(path), soft_chart(rules.shares(path), table)
        torch.testing.assert_close(found, soft_chart(rules.shares(path), table, beta=4.0))
    assert found[0, 1] > 1.5 * even[0, 1]


def test_gradients_reach_all_parameters():
    rules = taught(made(), 0, 0, 1)
    rules(rules.embeddings[[0, 0, 1]][None])[0, 2].log().backward()
    for name, parameter in rules.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_evidence_is_what_examples_used():
    rules = taught(made(), 0, 0, 1)
    assert not rules.followed().any()
    rules.count([(("parent", "parent"), "grandparent")] * 9)
    composed, pairs, inverse, turned = rules.evidence()
    assert float(pairs[0, 0]) == pytest.approx(9)
    assert pairs.sum() == pytest.approx(9)
    assert float(composed[0, 0, 1]) == pytest.approx(9 * float(rules.probabilities()[0, 0, 1].detach()), rel=1e-6)
    assert not inverse.any()
    assert not turned.any()
    assert (rules.followed()[0, 0] == rules.probabilities()[0, 0]).all()
    assert rules.followed().count_nonzero() == 3
    assert len(rule_text(rules)) == 1


def test_a_composer_takes_them():
    rules = taught(made(), 0, 0, 1)
    rules.count([(("parent", "parent"), "grandparent")] * 9)
    story = Story.of([("a", "parent", "b"), ("b", "parent", "c")], "a", "c")
    assert Composer(rules).answer([story])[0].relation == "grandparent"


def test_counting_an_unknown_relation_counts_nothing():
    rules = taught(made(), 0, 0, 1)
    rules.count([(("parent", "parent"), "grandparent")])
    with pytest.raises(ArgumentError, match="relation must be one of"):
        rules.count([(("parent", "uncle"), "grandparent")])
    assert float(rules.support.sum()) == pytest.approx(1)


def test_wrong_arguments():
    for more in ({"dim": 0}, {"sure": -1.0}):
        with pytest.raises(ArgumentError, match="dim must be at least 1 and sure at least 0"):
            EmbeddedRules(NAMES, generator=seeded(0), **more)


def test_arguments_make_the_same_form():
    rules = made()
    again = EmbeddedRules(**rules.arguments(), generator=seeded(1))
    again.load_state_dict(rules.state_dict())
    assert (again.probabilities() == rules.probabilities()).all()


def test_the_sureness_of_parts_by_hand():
    """Two splits of three leaves: the one with known parts takes nearly all attention, whatever it concludes."""
    rules = torch.zeros(3, 3, 3)
    rules[0, 1, 2] = 1.0  # (0 1) 2 has parts (2, 2), of which nothing is known; 0 (1 2) has an unknown part
    leaves = torch.eye(3)[None]
    rules[2, 2, 0] = 0.5
    sure, plain = math.exp(8.0), 1.0
    wanted = sure / (sure + plain) * 0.5
    assert float(soft_chart(leaves, rules, beta=8.0, sureness=of_parts)[0, 0]) == pytest.approx(wanted)
    conclusion = math.exp(4.0) / (math.exp(4.0) + 1) * 0.5
    assert float(soft_chart(leaves, rules, beta=8.0)[0, 0]) == pytest.approx(conclusion)
