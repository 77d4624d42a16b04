"""Fact files of every format, whole and broken."""

import gzip
import lzma
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hybridattn import FactMemory
from hybridattn.errors import FactsError, HybridAttnError, NarseseError
from hybridattn.knowledge.sources.files import FORMATS, read_rows

PACKERS = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}
BIRD = ("robin", "-->", "bird", 1.0, 0.9)
PART = ("bird", "has_part", "wing", 0.5, 0.25)
TEXTS = {
    ".tsv": "robin\tis_a\tbird\nbird\thas_part\twing\t0.5\t0.25\n",
    ".csv": 'robin,is_a,bird\nbird,"has_part",wing,0.5,0.25\n',
    ".jsonl": '{"source": "robin", "relation": "is_a", "target": "bird"}\n'
    '{"confidence": 0.25, "frequency": 0.5, "target": "wing", "relation": "has_part", "source": "bird"}\n',
    ".nal": "// birds\n<robin --> bird>.\n<(*, bird, wing) --> has_part>. %0.5;0.25%\n",
}


@pytest.fixture
def put(tmp_path):
    def put(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


def seen(rows):
    def plain(term):
        return getattr(term, "name", str(term))

    return [(plain(r.source), r.cue, plain(r.target), r.truth.frequency, r.truth.confidence) for r in rows]


def test_every_format_is_tested():
    assert set(TEXTS) == set(FORMATS)


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("ending", TEXTS)
def test_a_format_packed_or_not(put, ending, packer):
    assert seen(read_rows(put(f"facts{ending}{packer}", PACKERS[packer](TEXTS[ending].encode())))) == [BIRD, PART]


@pytest.mark.parametrize("ending", TEXTS)
def test_byte_order_mark_line_ends_of_windows_and_blank_lines(put, ending):
    text = "\ufeff" + TEXTS[ending].replace("\n", "\r\n\r\n  \r\n").rstrip()
    assert seen(read_rows(put(f"FACTS{ending.upper()}", text))) == [BIRD, PART]


@pytest.mark.parametrize("ending", TEXTS)
def test_unicode_names(put, ending):
    text = TEXTS[ending].replace("robin", "rougegorge_été").replace("wing", "крыло")
    rows = read_rows(put(f"facts{ending}", text))
    assert [str(rows[0].source), str(rows[1].target)] == ["rougegorge_été", "крыло"]


@pytest.mark.parametrize(
    ("ending", "text", "row"),
    [
        (".tsv", "target\tsource\trelation\nb\ta\tr\n", ("a", "r", "b", 1.0, 0.9)),
        (".tsv", "confidence\ttarget\tsource\trelation\n1\tb\ta\tr\n", ("a", "r", "b", 1.0, 0.99)),
        (".csv", "frequency,relation,source,target,confidence\n.5,r,a,b,\n", ("a", "r", "b", 0.5, 0.9)),
        (".csv", '\ufeff"source", relation ,target\na,r,b\n', ("a", "r", "b", 1.0, 0.9)),
        (".tsv", "\n\nsource\trelation\ttarget\tfrequency\na\tr\tb\t0\n", ("a", "r", "b", 0.0, 0.9)),
    ],
)
def test_a_header_in_any_order(put, ending, text, row):
    assert seen(read_rows(put(f"facts{ending}", text))) == [row]


def test_a_header_is_a_header_in_the_first_row_alone(put):
    rows = read_rows(put("facts.tsv", "a\tr\tb\nsource\trelation\ttarget\n"))
    assert seen(rows)[1] == ("source", "relation", "target", 1.0, 0.9)


def test_quotes_belong_to_csv_and_not_to_tsv(put):
    csv = put("facts.csv", '"a, ""b""\nand c",r,"d"\n')
    assert seen(read_rows(csv)) == [('a, "b"\nand c', "r", "d", 1.0, 0.9)]
    assert seen(read_rows(put("facts.tsv", '"a\tr\t5"\n'))) == [('"a', "r", '5"', 1.0, 0.9)]


def test_comments_and_commands_of_narsese_are_passed_over(put):
    text = "'a comment\n// another\n5\n*volume=0\n\n<a --> b>.\n''outputMustContain('<a --> c>.')\n"
    assert len(read_rows(put("facts.nal", text))) == 1


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("bad.tsv", "a\tr\tb\nc\td\n", ["bad.tsv, line 2", "expected 3 to 5 fields", "got 2"]),
        ("bad.tsv", "a\tr\tb\n\n\nc\tr\td\t2\n", ["line 4", "frequency must be a number in [0, 1]", "'2'"]),
        ("bad.tsv", "a\tr\tb\t1\tnan\n", ["line 1", "confidence must be a number in [0, 1]", "'nan'"]),
        ("bad.tsv", "a\tr\tb\tinf\n", ["line 1", "frequency must be a number in [0, 1]", "'inf'"]),
        ("bad.tsv", "a\t\tb\n", ["line 1", "relation must be a name"]),
        ("bad.tsv", "a\tis_a\ta\n", ["line 1", "source and target of is_a must differ"]),
        ("bad.tsv", "source\trelation\ttarget\tweight\na\tr\tb\t1\n", ["line 1", "expected a header", "weight"]),
        ("bad.tsv", "source\trelation\ttarget\tsource\n", ["line 1", "each column once"]),
        ("bad.tsv", "source\trelation\ttarget\na\tr\tb\t1\n", ["line 2", "expected 3 fields, as the header has", "4"]),
        ("bad.tsv", "a\tr\tb\rc\tr\td\n", ["line 1"]),
        ("bad.csv", 'a,r,b\n"c,r,d\n', ["bad.csv, line 2"]),
        ("bad.csv", 'a,r,"b"c\n', ["bad.csv, line 1"]),
        ("bad.jsonl", '{"source": "a"}\n', ["bad.jsonl, line 1", "relation must be a name; got None"]),
        ("bad.jsonl", "\n[1, 2]\n", ["line 2", "expected a JSON object", "got list"]),
        ("bad.jsonl", "{\n", ["line 1", "expected a JSON object"]),
        ("bad.jsonl", '{"source": "a", "relation": "r", "target": "b", "weight": 1}', ["line 1", "'weight'"]),
        ("bad.jsonl", '{"source": "a", "relation": "r", "target": "b", "frequency": NaN}', ["line 1", "nan"]),
        ("bad.jsonl", '{"source": "a", "relation": "r", "target": ["b"]}', ["line 1", "target must be a name"]),
        ("deep.jsonl", "[" * 100_000, ["line 1", "expected a JSON object"]),
        ("long.jsonl", '{"source": "a", "relation": "r", "target": "b", "frequency": 1' + 400 * "0" + "}", ["line 1"]),
        ("huge.jsonl", '{"source": "a", "relation": "r", "target": "b", "frequency": 1' + 5000 * "0" + "}", ["line 1"]),
        ("bad.nal", "<a --> b>.\n<a ==> b>.\n", ["bad.nal, line 2", "expected <S --> P>"]),
        ("bad.nal", "<a --> b>?\n", ["line 1", "expected a judgement"]),
        ("empty.tsv", "", ["empty.tsv holds no facts", "at least one row"]),
        ("empty.csv", "source,relation,target\n", ["holds no facts"]),
        ("empty.nal", "// nothing\n", ["holds no facts"]),
        ("empty.gz.jsonl", "\n\n", ["holds no facts"]),
        ("empty.tsv.xz", b"", ["damaged or cut off"]),
        ("cut.tsv.xz", lzma.compress(b"a\tr\tb\n" * 999)[:-14], ["damaged or cut off"]),
        ("cut.tsv.gz", gzip.compress(b"a\tr\tb\n" * 999)[:-14], ["damaged or cut off"]),
        ("crc.tsv.gz", gzip.compress(b"a\tr\tb\n")[:-8] + bytes(8), ["damaged or cut off"]),
        ("not.tsv.xz", b"a\tr\tb\n", ["line 1", "damaged or cut off"]),
        ("not.tsv.gz", b"a\tr\tb\n", ["line 1", "damaged or cut off"]),
        ("picture.tsv", b"\x89PNG\r\n\x1a\n\0\0", ["expected UTF-8 text"]),
        ("zeros.tsv", b"a\tr\tb\n" + bytes(100), ["line 2", "binary"]),
        ("latin.csv", "é,r,b".encode("latin-1"), ["line 1", "expected UTF-8 text"]),
        ("facts.zip", b"PK", ["unknown format '.zip'", ".tsv, .csv, .jsonl, .nal"]),
        ("facts", "a\tr\tb", ["unknown format 'without ending'"]),
        ("facts.xz", lzma.compress(b"a"), ["unknown format"]),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)
def test_a_bad_file_is_named_with_the_line_and_what_was_wanted(put, name, content, wanted):
    with pytest.raises(FactsError) as caught:
        read_rows(put(name, content))
    assert [part for part in [name, *wanted] if part not in str(caught.value)] == []


def test_malformed_narsese_has_file_line_and_caret(put):
    with pytest.raises(NarseseError) as caught:
        read_rows(put("bad.nal", "<a --> b>.\n<a --> >.\n"))
    first, shown, caret = str(caught.value).split("\n")
    assert "bad.nal:2: expected a term at column 8" in first
    assert shown[caret.index("^")] == ">"
    assert shown.strip() == "<a --> >."


def test_a_missing_file_and_a_directory(tmp_path):
    with pytest.raises(FactsError, match=r"no\.tsv does not exist; expected a file of facts or .*wordnet"):
        read_rows(tmp_path / "no.tsv")
    with pytest.raises(FactsError, match=r"is a directory; expected a file of facts"):
        read_rows(tmp_path)


@pytest.mark.parametrize("name", ["x" * 5000 + ".tsv", "a\0b.tsv"])
def test_a_name_that_no_file_can_have(name):
    with pytest.raises(FactsError):
        read_rows(name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(put):
    path = put("secret.tsv", "a\tr\tb\n")
    path.chmod(0)
    with pytest.raises(FactsError, match=r"cannot be read"):
        read_rows(path)


def test_a_built_in_name_wins_over_a_file_unless_written_with_a_slash(put, monkeypatch, tmp_path):
    put("wordnet", "a\tr\tb\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FactsError, match="unknown format"):
        FactMemory.load("./wordnet")


def test_all_or_nothing(put):
    memory = FactMemory.from_triples([("a", "r", "b")])
    with pytest.raises(FactsError, match="item 2"):
        memory.add([("b", "r", "c"), ("c", "r")])
    assert [str(fact) for fact in memory] == ["<(*, a, b) --> r>. %1.00;0.90%"]


PIECES = st.sampled_from(
    (
        *("a", "b", "\t", "\n", "\r", ",", '"', "is_a", "0.5", "nan", "1e999", "9" * 30, "\0", "\ufeff"),
        *("source\trelation\ttarget\n", "source,relation,target\n", "<a --> b>.", "%1;1%", "(*,", "'", "//", "$x"),
        *("{", "}", '"source":', '"a",', '"relation":"r","target":', "[" * 40, "\\u0000", '"\\ud800"'),
        *("\u2028", "\ud7ff", "\x85"),
    )
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ending=st.sampled_from([ending + packer for ending in FORMATS for packer in PACKERS]),
    content=st.one_of(
        st.lists(PIECES, max_size=12).map(lambda pieces: "".join(pieces).encode()), st.binary(max_size=80)
    ),
    packed=st.booleans(),
)
def test_whatever_a_file_holds_there_are_rows_or_an_error_of_ours(put, ending, content, packed):
    packer = PACKERS.get("." + ending.rsplit(".", 1)[1], bytes)
    path = put(f"fuzz{ending}", packer(content) if packed else content)
    try:
        rows, said = read_rows(path), ""
    except HybridAttnError as error:
        rows, said = [], str(error)
    assert rows or "fuzz" in said
