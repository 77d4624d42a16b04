"""Folders of triples, good and bad."""

from pathlib import Path

import pytest

from hybridattn import FactsError
from hybridattn.knowledge.datasets.triples import read_splits, read_triples


def test_both_endings_and_names(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a\tr\tb\n\nb\tr\tc\n")
    (tmp_path / "test.tsv").write_text("a b\tr\tc\r\n")
    assert read_splits(tmp_path).valid == ()
    (tmp_path / "dev.tsv").write_text("c\tr\ta")
    splits = read_splits(tmp_path)
    assert splits.train == (("a", "r", "b"), ("b", "r", "c"))
    assert splits.valid == (("c", "r", "a"),)
    assert splits.test == (("a b", "r", "c"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a\tr\tb\na\tr\n",
            "train.txt, line 2: expected head, relation, tail, separated by tabs; got 2 columns: 'a.tr'",
        ),
        ("a\tr\tb\tc\n", "line 1: .* got 4 columns"),
        ("a\t\tb\n", "line 1: .* got 3 columns"),
        ("\n", "holds no triples"),
        ("", "holds no triples"),
    ],
)
def test_bad_rows(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "train.txt").write_text(text)
    with pytest.raises(FactsError, match=message.replace("'a.tr'", "")):
        read_triples(tmp_path / "train.txt")


def test_missing_and_ambiguous_files(tmp_path: Path) -> None:
    with pytest.raises(FactsError, match="is no folder"):
        read_splits(tmp_path / "nowhere")
    with pytest.raises(FactsError, match=r"has no train\.txt or train\.tsv"):
        read_splits(tmp_path)
    for name in ("train.txt", "test.txt", "valid.txt", "dev.txt"):
        (tmp_path / name).write_text("a\tr\tb\n")
    with pytest.raises(FactsError, match=r"has valid\.txt and dev\.txt; expected one of them"):
        read_splits(tmp_path)
