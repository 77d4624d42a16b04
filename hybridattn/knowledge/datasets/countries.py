"""Countries S1, S2 and S3 in the two layouts that are in use; their splits differ, so results are of one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hybridattn.errors import FactsError
from hybridattn.knowledge.datasets.triples import Triples, read_triples
from hybridattn.knowledge.sources.files import read_lines

__all__ = ["CountriesTask", "read_countries"]

TASKS = ("S1", "S2", "S3")
LOCATED = ("locatedIn", "locatedin")


@dataclass(frozen=True)
class CountriesTask:
    """In which region is each country? All triples but those that the task leaves out, and the answers."""

    name: str
    split: str
    """`ntp` (Rocktaschel and Riedel 2017) or `conve` (Dettmers et al. 2018)."""
    relation: str
    train: Triples
    regions: tuple[str, ...]
    valid: Triples
    test: Triples


def read_countries(folder: str | Path) -> tuple[CountriesTask, ...]:
    """Read the three tasks from a folder in either layout.

    `ntp`: countries_S1.tsv to countries_S3.tsv, regions.txt, dev.txt and test.txt with a name a line; a country's
    region is that of its subregion in S1, where no such fact is left out. `conve`: S1.train.txt, S1.valid.txt,
    S1.test.txt and so on; the regions are what has parts and is part of nothing.

    Raises:
        FactsError: the folder has neither layout, a file cannot be read, or a country has not just one region.
    """
    folder = Path(folder)
    if (folder / "countries_S1.tsv").exists():
        return _ntp(folder)
    if (folder / "S1.train.txt").exists():
        return tuple(_conve(folder, name) for name in TASKS)
    raise FactsError(f"{folder} must be a folder with countries_S1.tsv (ntp) or S1.train.txt (conve)")


def _ntp(folder: Path) -> tuple[CountriesTask, ...]:
    regions, valid, test = (_names(folder / f"{name}.txt") for name in ("regions", "dev", "test"))
    known = read_triples(folder / "countries_S1.tsv")
    answers = [tuple(_answer(country, regions, known, folder) for country in some) for some in (valid, test)]
    return tuple(
        CountriesTask(name, "ntp", LOCATED[0], read_triples(folder / f"countries_{name}.tsv"), regions, *answers)
        for name in TASKS
    )


def _conve(folder: Path, name: str) -> CountriesTask:
    train, valid, test = (read_triples(folder / f"{name}.{part}.txt") for part in ("train", "valid", "test"))
    for triple in (*valid, *test):
        if triple[1] not in LOCATED:
            raise FactsError(f"{folder}, {name}: expected the relation {' or '.join(LOCATED)}; got {triple[1]!r}")
    inside = {source for source, relation, _ in train if relation in LOCATED}
    regions = tuple(sorted({target for _, relation, target in train if relation in LOCATED} - inside))
    return CountriesTask(name, "conve", test[0][1], train, regions, valid, test)


def _names(path: Path) -> tuple[str, ...]:
    names = tuple(line.strip() for line in read_lines(path) if line.strip())
    if not names:
        raise FactsError(f"{path} holds no names; expected one a line")
    return names


def _answer(country: str, regions: Sequence[str], known: Triples, folder: Path) -> tuple[str, str, str]:
    located = {(source, target) for source, relation, target in known if relation in LOCATED}
    within = {target for source, target in located if source == country}
    found = {region for part in within for region in regions if (part, region) in located}
    if len(found) != 1:
        raise FactsError(f"{folder}: the subregion of {country!r} must be in one region; got {sorted(found)}")
    return country, LOCATED[0], found.pop()
