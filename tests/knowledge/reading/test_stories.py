"""Stories as tensors."""

import pytest
import torch
from toys_of_reading import Toy

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.reading import StoryTensors, Vocabulary
from hybridattn.knowledge.reading.stories import words_of

ASKED = [
    Toy(("Ann sat.", "Bob ran off.", "Ann sat."), "Who sat?", "Ann"),
    Toy(("Bob ran off.",), "Who sat?", "Bob"),
]
VOCABULARY = Vocabulary.of(ASKED)


def test_words_are_lower_case_without_the_mark():
    assert words_of("  Where is the Milk ? ") == ("where", "is", "the", "milk")
    assert words_of("n,w") == ("n,w",)


def test_the_vocabulary_is_sorted():
    assert Vocabulary(("ann", "bob", "off", "ran", "sat", "who"), ("Ann", "Bob")) == VOCABULARY
    with pytest.raises(ArgumentError, match="at least one question"):
        Vocabulary.of([])


def test_a_batch_holds_each_sentence_once_and_the_latest_first():
    batch = StoryTensors(ASKED, VOCABULARY).batch(torch.tensor([1, 0]))
    assert len(batch.words) == 3  # two sentences and the question
    told = {tuple(row[row > 0].tolist()): number for number, row in enumerate(batch.words)}
    sat, ran, asked = told[1, 5], told[2, 4, 3], told[6, 5]
    assert batch.facts[1].tolist() == [sat, ran, sat]
    assert batch.facts[0, 0] == ran
    assert batch.mask.tolist() == [[True, False, False], [True, True, True]]
    assert batch.questions.tolist() == [asked, asked]
    assert batch.lengths[[sat, ran, asked]].tolist() == [2, 3, 2]
    assert batch.labels.tolist() == [1, 0]


def test_a_batch_is_as_wide_as_it_needs():
    batch = StoryTensors(ASKED, VOCABULARY).batch(torch.tensor([1]))
    assert batch.facts.shape == (1, 1)
    assert StoryTensors([Toy(("Ann sat.",), "Who?", "Ann")], VOCABULARY).batch(torch.tensor([0])).words.shape == (2, 2)


def test_only_the_latest_sentences_are_held():
    batch = StoryTensors(ASKED, VOCABULARY, recent=2).batch(torch.tensor([0]))
    assert batch.facts.shape == (1, 2)
    assert batch.words[batch.facts[0]].tolist() == [[1, 5, 0], [2, 4, 3]]


def test_unknown_words_keep_their_place_and_unknown_labels_are_none():
    batch = StoryTensors([Toy(("Zoe ran up.",), "Who ran?", "Zoe")], VOCABULARY).batch(torch.tensor([0]))
    assert batch.words[batch.facts[0, 0]].tolist() == [0, 4, 0]
    assert batch.lengths[batch.facts[0, 0]] == 3
    assert batch.labels.tolist() == [-1]


def test_no_story_and_no_question():
    tensors = StoryTensors([Toy((), "Who sat?", "Ann")], VOCABULARY)
    batch = tensors.batch(torch.tensor([0]))
    assert batch.facts.shape == (1, 0)
    assert len(StoryTensors([], VOCABULARY)) == 0
