"""Words, and names that were mistyped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn import FactMemory
from hybridattn.errors import AmbiguousTermError, UnknownTermError
from hybridattn.knowledge.lexicon import Lexicon, nearest
from hybridattn.knowledge.sources.rows import from_triples

WORDS = {
    "pole": ["pole.n.01", "pole.n.02"],
    "Pole": ["Pole.n.01"],
    "hot_dog": ["frank.n.02"],
    "Turkey": ["Turkey.n.01"],
}


@pytest.mark.parametrize(
    ("word", "symbols"),
    [
        ("pole", ("pole.n.01", "pole.n.02")),
        ("Pole", ("Pole.n.01",)),
        ("POLE", ("pole.n.01", "pole.n.02", "Pole.n.01")),
        ("hot dog", ("frank.n.02",)),
        (" Hot_Dog ", ("frank.n.02",)),
        ("turkey", ("Turkey.n.01",)),
        ("duck", ()),
        ("", ()),
    ],
)
def test_senses_of_a_word(word, symbols):
    assert Lexicon(lambda: WORDS).find(word) == symbols


@pytest.fixture(scope="module")
def memory():
    rows = [("pole.n.01", "is_a", "rod"), ("frank.n.02", "is_a", "sausage"), ("sausage", "is_a", "meat")]
    return FactMemory(from_triples(rows), lexicon=Lexicon(lambda: {**WORDS, "ghost": ["ghost.n.01"]}))


def test_a_word_reaches_its_symbol(memory):
    (answer,) = memory.ask('<"hot dog" --> meat>?')
    assert str(answer.term) == "<frank.n.02 --> meat>"


def test_an_ambiguous_word_lists_its_senses(memory):
    with pytest.raises(AmbiguousTermError) as caught:
        memory.ask("<pole --> rod>?")
    assert str(caught.value) == "'pole' has 2 senses, name one: pole.n.01, pole.n.02"
    assert caught.value.senses == ("pole.n.01", "pole.n.02")


def test_a_symbol_wins_over_a_word():
    memory = FactMemory(from_triples([("pole", "is_a", "rod")]), lexicon=Lexicon(lambda: WORDS))
    assert str(memory.ask("<pole --> rod>?")[0].term) == "<pole --> rod>"


@pytest.mark.parametrize("word", ["ghost", "Pole", "zzz"])
def test_a_word_of_which_no_fact_speaks(memory, word):
    with pytest.raises(UnknownTermError, match=f"no fact has the term '{word}'"):
        memory.ask(f"<{word} --> ?x>?")


def test_the_nearest_names(memory):
    with pytest.raises(UnknownTermError) as caught:
        memory.ask("<sausgae --> ?x>?")
    assert str(caught.value) == "no fact has the term 'sausgae'; nearest: sausage"
    assert caught.value.nearest == ("sausage",)


def test_the_nearest_relation(memory):
    with pytest.raises(UnknownTermError, match=r"no fact has the relation 'has_part'$"):
        memory.ask("<(*, rod, ?x) --> has_part>?")


def test_nearest_is_best_first_and_few():
    names = [f"cheetah.n.0{number}" for number in range(9)]
    assert nearest("cheetah.n.03", names)[0] == "cheetah.n.03"
    assert len(nearest("cheetah.n.1", names)) == 5
    assert nearest("chetah", ["cheetah", "animal"]) == ("cheetah",)


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=8))
def test_nearest_names_exist(name, names):
    found = nearest(name, names)
    assert set(found) <= set(names)
    assert len(found) <= 5


def test_a_term_of_10000_characters(memory):
    with pytest.raises(UnknownTermError) as caught:
        memory.ask(f"<{'x' * 10_000} --> rod>?")
    assert len(str(caught.value)) < 200
    assert "xxx..." in str(caught.value)
