"""The command `graph` as a user runs it."""

import io
import json

import networkx as nx
import pytest

from hybridattn.view.formats import FORMATS, from_gexf, node_link

BIRDS = "<robin --> bird>. %0.9;0.8%\n<bird --> animal>.\n"


@pytest.fixture
def files(tmp_path, here):
    """One file of each kind that the command reads."""
    (tmp_path / "birds.nal").write_text(BIRDS)
    (tmp_path / "facts.csv").write_text("source,relation,target\nrobin,is_a,bird\nbird,is_a,animal\n")
    assert here("ask", "facts.csv", "<robin --> animal>?", "--json", "ask.json")[0] == 0
    assert here("reason", "birds.nal", "--levels", "1", "--json", "reason.jsonl")[0] == 0
    graph = nx.node_link_graph(json.loads((tmp_path / "ask.json").read_text())["graph"], edges="edges")
    (tmp_path / "graph.json").write_text(json.dumps(node_link(graph)))
    for name in ("graphml", "gexf"):
        (tmp_path / f"graph.{name}").write_text(FORMATS[name].write(graph))
    return tmp_path


@pytest.mark.parametrize("to", FORMATS)
def test_every_file_in_every_format(files, here, to):
    names = ["birds.nal", "facts.csv", "ask.json", "reason.jsonl", "graph.json", "graph.graphml", "graph.gexf"]
    for name in names:
        code, out, err = here("graph", name, "--to", to)
        assert (code, err) == (0, "")
        assert "robin" in out or (name, to) == ("reason.jsonl", "csv"), "the links of a proof join numbered sentences"
        if (read := FORMATS[to].read) is not None:
            assert read(out).number_of_edges() >= 2
        code, said, err = here("graph", name, "--to", to, "--out", f"out.{to}")
        assert (code, err) == (0, "")
        assert said.startswith(f"Wrote out.{to}: {FORMATS[to].about}; ")
        assert (files / f"out.{to}").read_bytes() == out.encode()


def test_sizes_are_told_and_a_chain_of_formats_keeps_the_graph(files, here):
    _, said, _ = here("graph", "ask.json", "--to", "gexf", "--out", "a.gexf")
    assert said == "Wrote a.gexf: GEXF, for Gephi; 3 nodes, 2 edges.\n"
    here("graph", "a.gexf", "--to", "graphml", "--out", "a.graphml")
    here("graph", "a.graphml", "--to", "json", "--out", "a.json")
    assert nx.utils.graphs_equal(
        from_gexf((files / "a.gexf").read_text()),
        nx.node_link_graph(json.loads((files / "a.json").read_text()), edges="edges"),
    )
    code, out, _ = here("graph", "ask.json", "--to", "narsese")
    assert (code, out) == (0, "<robin --> bird>. %1.00;0.90%\n<bird --> animal>. %1.00;0.90%\n")


def test_stdin(files, here):
    code, out, _ = here("graph", "-", "--to", "csv", stdin=(files / "reason.jsonl").read_bytes())
    assert code == 0
    assert "sentence:0" in out
    code, _, err = here("graph", "-", "--to", "csv", stdin=b"hello")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("error: <stdin> must be what `ask --json`")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("birds.nal", "--to", "gif"), f"--to must be one of {', '.join(FORMATS)}; got 'gif'"),
        (("none.json", "--to", "dot"), "FILE must be a file that can be read; got 'none.json': No such file"),
        (("notes.txt", "--to", "dot"), "notes.txt must be what `ask --json` or `reason --json` prints, node-link"),
        (("object.json", "--to", "dot"), "it is an object with a"),
        (("nan.json", "--to", "dot"), "numbers must be finite; got NaN"),
        (("bad.csv", "--to", "dot"), "bad.csv: CSV, line 1: expected a header with source, target"),
        (("birds.nal", "--to", "dot", "--out", "none/x.dot"), "path must be a file that can be written"),
    ],
)
def test_wrong_input_is_one_line_and_writes_nothing(files, here, arguments, why):
    (files / "notes.txt").write_text("hello")
    (files / "object.json").write_text('{"a": 1}')
    (files / "nan.json").write_text('{"nodes": [{"id": "a", "share": NaN}], "edges": []}')
    (files / "bad.csv").write_text("a,b\n1,2\n")
    before = sorted(files.iterdir())
    if "--out" not in arguments:
        arguments = (*arguments, "--out", "x.out")
    code, out, err = here("graph", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: ")
    assert why in err
    assert sorted(files.iterdir()) == before


def test_an_empty_graph_and_a_bad_line_of_narsese(files, here):
    (files / "empty.json").write_text('{"nodes": [], "edges": []}')
    for to in FORMATS:
        assert here("graph", "empty.json", "--to", to)[0] == 0
    (files / "bad.nal").write_text("<a --> b>.\n<a - b>.\n")
    code, _, err = here("graph", "bad.nal", "--to", "dot")
    assert code == 2
    assert err.startswith("error: bad.nal:2: ")
    assert err.rstrip().endswith("^")


def test_odd_labels_pass_through(files, here):
    graph = nx.MultiDiGraph()
    graph.add_edge("<script>alert('قطة 🐆')</script>", 'a "b" \\', label="x" * 10_000)
    (files / "odd.json").write_text(json.dumps(node_link(graph)))
    for to, known in FORMATS.items():
        code, out, err = here("graph", "odd.json", "--to", to)
        assert (code, err) == (0, "")
        if known.read is not None:
            assert known.read(out).number_of_edges() == 1
    assert nx.read_graphml(io.BytesIO(here("graph", "odd.json", "--to", "graphml")[1].encode())).number_of_nodes() == 2
