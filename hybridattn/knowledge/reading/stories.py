"""Stories as tensors: words become numbers, sentences that recur are held once, stories are padded together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from hybridattn.errors import ArgumentError

__all__ = ["Asked", "Batch", "StoryTensors", "Vocabulary", "words_of"]

RECENT = 50  # sentences that a memory holds (Sukhbaatar et al. 2015, section 4.2)
NO_WORD = 0  # a word that was not in training is none: it keeps its place and says nothing


class Asked(Protocol):
    """A question about a story."""

    @property
    def sentences(self) -> Sequence[str]:
        """What was told, the oldest first."""
        ...

    @property
    def question(self) -> str:
        """What is asked."""
        ...

    @property
    def answer(self) -> str:
        """The label; any text where it is not known."""
        ...


def words_of(sentence: str) -> tuple[str, ...]:
    """Split a sentence into words, in lower case, without the mark at its end.

    >>> words_of("Where is Mary? ")
    ('where', 'is', 'mary')
    """
    return tuple(sentence.lower().rstrip().rstrip(".?!").split())


@dataclass(frozen=True)
class Vocabulary:
    """The words and the labels of a training set; both in alphabetical order."""

    words: tuple[str, ...]
    labels: tuple[str, ...]

    @classmethod
    def of(cls, asked: Sequence[Asked]) -> "Vocabulary":
        """Collect the words of stories and questions, and the answers; raises ArgumentError where there is no question.

        >>> from hybridattn.knowledge.datasets.babi import BabiQuestion
        >>> Vocabulary.of([BabiQuestion(("The cat sat.",), "Who sat?", "cat", (0,), 2, 1)])
        Vocabulary(words=('cat', 'sat', 'the', 'who'), labels=('cat',))
        """
        if not asked:
            raise ArgumentError("a vocabulary needs at least one question; got none")
        sentences = {text for one in asked for text in (*one.sentences, one.question)}
        words = {word for text in sentences for word in words_of(text)}
        return cls(tuple(sorted(words)), tuple(sorted({one.answer for one in asked})))


class Batch(NamedTuple):
    """b questions with n sentences at most; the s different sentences among them are held once."""

    words: Tensor
    """(s, w) int64: the words of each sentence, from 1; 0 behind its end and for an unknown word."""
    lengths: Tensor
    """(s,) int64: how many words each sentence has, unknown ones too."""
    facts: Tensor
    """(b, n) int64: the sentences of each story, the latest first."""
    mask: Tensor
    """(b, n) bool: where there is a sentence."""
    questions: Tensor
    """(b,) int64: the question, as a sentence."""
    labels: Tensor
    """(b,) int64: the answer; -1 where no training question has it."""


class StoryTensors:
    """Questions about stories as tensors, from which batches are taken.

    Args:
        asked: the questions.
        vocabulary: numbers the words and labels.
        recent: how many sentences of a story are held, the latest; older ones are left out.
    """

    def __init__(self, asked: Sequence[Asked], vocabulary: Vocabulary, *, recent: int = RECENT) -> None:
        self._numbers = {word: number for number, word in enumerate(vocabulary.words, 1)}
        self._sentences: dict[tuple[str, ...], int] = {}
        stories = [[self._sentence(text) for text in reversed(one.sentences[-recent:])] for one in asked]
        labels = {label: number for number, label in enumerate(vocabulary.labels)}
        self.sizes = torch.tensor([len(story) for story in stories])
        self.facts = _padded(stories)
        self.questions = torch.tensor([self._sentence(one.question) for one in asked])
        self.labels = torch.tensor([labels.get(one.answer, -1) for one in asked])
        self.lengths = torch.tensor([len(words) for words in self._sentences])
        known = [[self._numbers.get(word, NO_WORD) for word in words] for words in self._sentences]
        self.words = _padded(known)

    def __len__(self) -> int:
        """Count the questions."""
        return len(self.labels)

    def batch(self, rows: Tensor) -> Batch:
        """Take the questions of these rows (b,), padded no further than they need."""
        sizes = self.sizes[rows]
        facts = self.facts[rows, : int(sizes.max())] if len(rows) else self.facts[rows]
        asked = torch.cat([self.questions[rows, None], facts], 1)
        kinds, places = torch.unique(asked, return_inverse=True)
        lengths = self.lengths[kinds]
        words = self.words[kinds, : int(lengths.max())] if len(kinds) else self.words[kinds]
        mask = torch.arange(facts.shape[1]) < sizes[:, None]
        return Batch(words, lengths, places[:, 1:], mask, places[:, 0], self.labels[rows])

    def _sentence(self, text: str) -> int:
        return self._sentences.setdefault(words_of(text), len(self._sentences))


def _padded(rows: Sequence[Sequence[int]]) -> Tensor:
    if not rows:
        return torch.zeros(0, 0, dtype=torch.int64)
    return pad_sequence([torch.tensor(row, dtype=torch.int64) for row in rows], batch_first=True)
