"""Codes of sentences, by hand."""

import torch

from hybridattn.knowledge.reading import bag_of_words, position_encoding


def test_the_matrix_of_position_encoding_by_hand():
    # l_kj = (1 - j/J) - (k/d)(1 - 2j/J), J = 3, d = 4: rows are words j = 1..3, columns k = 1..4
    wanted = [
        [2 / 3 - 1 / 12, 2 / 3 - 2 / 12, 2 / 3 - 3 / 12, 2 / 3 - 4 / 12],
        [1 / 3 + 1 / 12, 1 / 3 + 2 / 12, 1 / 3 + 3 / 12, 1 / 3 + 4 / 12],
        [1 / 4, 2 / 4, 3 / 4, 4 / 4],
    ]
    torch.testing.assert_close(position_encoding(torch.tensor([3]), 3, 4)[0], torch.tensor(wanted))


def test_a_shorter_sentence_has_its_own_length_and_nothing_behind_it():
    found = position_encoding(torch.tensor([3, 1, 0]), 3, 4)
    torch.testing.assert_close(found[1, 0], torch.tensor([1, 2, 3, 4]) / 4)  # j = J = 1: k/d
    assert found[1, 1:].eq(0).all()
    assert found[2].eq(0).all()
    assert found.isfinite().all()


def test_bag_of_words_counts_each_word_once():
    found = bag_of_words(torch.tensor([2, 0]), 3, 2)
    assert found.tolist() == [[[1, 1], [1, 1], [0, 0]], [[0, 0], [0, 0], [0, 0]]]
