"""From a question to its answers: resolve, walk, read the trace as evidence, derive."""

from hybridattn.knowledge.answers.answer import Answer, Answers
from hybridattn.knowledge.answers.asking import Search, ask, recall

__all__ = ["Answer", "Answers", "Search", "ask", "recall"]
