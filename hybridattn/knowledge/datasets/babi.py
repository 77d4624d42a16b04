"""bAbI (Weston et al. 2015, arXiv 1502.05698): short stories with questions, answers and what supports them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hybridattn.errors import FactsError
from hybridattn.knowledge.sources.files import read_lines

__all__ = ["BabiFiles", "BabiQuestion", "babi_files", "read_babi"]

TASKS = range(1, 21)
RESIMULATED = "trained on questions of which a part is re-simulated, not original data"
LINE = re.compile(r"([0-9]+) (.*)")
WANTED = "a number, a blank and a sentence, or a question, its answer and supporting numbers between tabs"


@dataclass(frozen=True)
class BabiQuestion:
    """A question about the sentences before it in its story."""

    sentences: tuple[str, ...]
    """All that was told before, the oldest first, as it is written."""
    question: str
    answer: str
    """The label as it is written: several words with commas between (`n,w`) are one label."""
    support: tuple[int, ...]
    """Places in `sentences` of the gold supporting facts, in the order of the file; empty where there are none."""
    line: int
    """The line of the file, from 1."""
    story: int
    """The number of the story in the file, from 1."""


@dataclass(frozen=True)
class BabiFiles:
    """The files of one task."""

    task: int
    name: str
    """As the files have it, such as `single-supporting-fact`."""
    train: Path
    test: Path
    note: str
    """What has to be said with results on these files; empty where nothing has."""


def babi_files(folder: str | Path, task: int) -> BabiFiles:
    """Find `qaTASK_NAME_train.txt` and `qaTASK_NAME_test.txt` in a folder such as `en`.

    Where there is no file to train on, but one in the folder beside it whose name ends in `-resim` (re-simulated
    questions in place of ones that are lost), that is taken, and the note says so.

    Raises:
        FactsError: no such folder, no task of this number (1 to 20), or not just one such file.
    """
    folder = Path(folder)
    if task not in TASKS:
        raise FactsError(f"tasks of bAbI have the numbers {TASKS[0]} to {TASKS[-1]}; got {task}")
    if not folder.is_dir():
        raise FactsError(f"{folder} is no folder; expected one with files such as qa{task}_NAME_train.txt")
    again = folder.resolve().with_name(f"{folder.resolve().name}-resim")
    is_lost = not _found(folder, task, "train") and len(_found(again, task, "train")) == 1
    train, test = _only(again if is_lost else folder, task, "train"), _only(folder, task, "test")
    name = test.name.split("_", 1)[1].removesuffix("_test.txt")
    return BabiFiles(task, name, train, test, RESIMULATED if is_lost else "")


def _found(folder: Path, task: int, part: str) -> list[Path]:
    return sorted(folder.glob(f"qa{task}_*_{part}.txt"))


def _only(folder: Path, task: int, part: str) -> Path:
    found = _found(folder, task, part)
    if len(found) != 1:
        had = " and ".join(path.name for path in found) or "none"
        raise FactsError(f"{folder} must have one file qa{task}_NAME_{part}.txt; got {had}")
    return found[0]


def read_babi(path: str | Path) -> list[BabiQuestion]:
    """Read all questions of a file, each with the sentences that were told before it.

    Lines are numbered from 1 in every story; blank lines are left out.

    Raises:
        FactsError: the file cannot be read or holds no question, or a line is none of bAbI: names the file, the line
            (counted from 1 in the file), what was wanted and what came. Nothing is returned then.
    """
    path = Path(path)
    if not path.is_file():
        raise FactsError(f"{path} is no file; expected one of bAbI")
    questions = list(_questions(path))
    if not questions:
        raise FactsError(f"{path} holds no questions; expected at least one (question, answer, numbers, with tabs)")
    return questions


def _questions(path: Path) -> Iterator[BabiQuestion]:
    told: list[str] = []
    places: dict[int, int] = {}  # of the lines of this story, by number
    last = story = 0
    for line, text in enumerate(read_lines(path), 1):
        if not text.strip():
            continue
        where = f"{path}, line {line}"
        number, rest = _numbered(text.rstrip("\r\n"), where)
        if number == 1:
            told, places, story = [], {}, story + 1
        elif number != last + 1:
            raise FactsError(f"{where}: expected the number {last + 1}, or 1 for a new story; got {number}")
        last = number
        if "\t" in rest:
            yield _question(rest, tuple(told), places, line, story, where)
        else:
            places[number] = len(told)
            told.append(rest.strip())


def _numbered(text: str, where: str) -> tuple[int, str]:
    found = LINE.fullmatch(text)
    if found is None or not found[2].strip():
        raise FactsError(f"{where}: expected {WANTED}; got {text[:60]!r}")
    return int(found[1]), found[2]


def _question(
    text: str, told: tuple[str, ...], places: dict[int, int], line: int, story: int, where: str
) -> BabiQuestion:
    fields = [field.strip() for field in text.split("\t")]
    if len(fields) not in (2, 3) or not all(fields[:2]):
        raise FactsError(f"{where}: expected {WANTED}; got {text[:60]!r}")
    support = []
    for number in fields[2].split() if len(fields) == 3 else ():
        if not number.isdecimal() or int(number) not in places:
            raise FactsError(f"{where}: supporting facts must be numbers of sentences before; got {number[:20]!r}")
        support.append(places[int(number)])
    return BabiQuestion(told, fields[0], fields[1], tuple(support), line, story)
