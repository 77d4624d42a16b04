"""The commands of stores, `store verify`, `compact`, `export`, `snapshot` and `repair`, and `facts import`."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybridattn.cli.console import ANSWERED, NO_ANSWER, check_targets, print_out, waiting, wrote_json

if TYPE_CHECKING:
    from hybridattn.memory import StoreReader

__all__ = ["import_facts", "store_app"]

store_app = typer.Typer(
    help="Look after stores: folders of memories that last, as `facts import` and MemoryStore make them.\n\n"
    "Example: hybridattn store verify kept/",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Store = Annotated[
    Path, typer.Argument(metavar="DIR", help="The folder of a store, or of facts, which is three stores.")
]
New = Annotated[Path, typer.Argument(metavar="OUT", help="A folder that does not exist yet, or is empty.")]
Json = Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")]


def import_facts(
    facts: Annotated[
        str,
        typer.Argument(
            metavar="FACTS", help="wordnet, or a file: .tsv, .csv, .jsonl or .nal, also with .xz or .gz behind it."
        ),
    ],
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="The folder; it is made where nothing is there.")],
    json_file: Json = None,
) -> None:
    """Put facts into a folder that lasts: every row becomes an observation, all of them or none.

    `hybridattn ask DIR` then opens it much quicker than the file. A row that is imported again is observed again: its
    evidence adds up. Ids of observations last.

    Example: hybridattn facts import birds.tsv --into birds
    """
    from hybridattn.knowledge.facts import BUILT_IN
    from hybridattn.knowledge.kept import keep_facts
    from hybridattn.knowledge.sources import read_rows

    check_targets(json_file)
    with waiting(f"Importing {facts}"):
        rows = BUILT_IN[facts][0]() if facts in BUILT_IN else read_rows(facts)
        found = keep_facts(into, rows, words=facts if facts in BUILT_IN else None)
    if not wrote_json(json_file, found.to_json()):
        held = f"{found.observations:,} observations of {found.symbols:,} symbols"
        print_out(f"{found.added:,} observations put into {into}, which now holds {held}")


@store_app.command()
def verify(folder: Store, json_file: Json = None) -> None:
    """Check every byte of a store against its checksums: exit code 0 where it is sound, 1 where it is damaged.

    Example: hybridattn store verify birds
    """
    from hybridattn.memory import verify_store

    check_targets(json_file)
    with waiting(f"Verifying {folder}"):
        found = {name: verify_store(path) for name, path in _stores(folder).items()}
    sound = all(one.is_sound for one in found.values())
    report = {"sound": sound, "stores": {name: one.to_json() for name, one in found.items()}}
    if not wrote_json(json_file, report):
        for name, one in found.items():
            what = "sound" if one.is_sound else f"DAMAGED, {len(one.problems)} found"
            print_out(f"{name}: {what}; {one.slots:,} slots, {one.segments} segments of {one.bytes:,} bytes")
            print_out(*(f"  {problem}" for problem in one.problems))
            print_out(*(f"  left over, harmless: {name}" for name in one.left_over))
    raise typer.Exit(ANSWERED if sound else NO_ANSWER)


@store_app.command()
def compact(folder: Store, json_file: Json = None) -> None:
    """Join small segments, and give back the room of erased slots; readers go on undisturbed.

    Example: hybridattn store compact birds
    """
    from hybridattn.memory import MemoryStore

    check_targets(json_file)
    report: dict[str, dict[str, int]] = {}
    with waiting(f"Compacting {folder}"):
        for name, path in _stores(folder).items():
            before = _size(path)
            with MemoryStore(path) as store:
                store.compact()
            report[name] = {"bytes_before": before, "bytes": _size(path)}
    if not wrote_json(json_file, report):
        print_out(*(f"{name}: {one['bytes_before']:,} bytes, now {one['bytes']:,}" for name, one in report.items()))


@store_app.command()
def export(
    folder: Store,
    out: New,
    slots: Annotated[int, typer.Option(help="Most slots in a shard.")] = 1 << 18,
    json_file: Json = None,
) -> None:
    """Write the slots as safetensors shards with an index, which `hybridattn.memory.load` and other tools read.

    Example: hybridattn store export birds birds-shards
    """
    from hybridattn.memory import export_store

    check_targets(json_file)
    with waiting(f"Exporting {folder}"):
        report = _copied(folder, out, lambda store, path: export_store(store, path, slots=slots))
    if not wrote_json(json_file, report):
        for name, index in report.items():
            print_out(f"{name}: {index['metadata']['slots']:,} slots in {len(index['shards'])} shards")
        print_out(f"Wrote {out}")


@store_app.command()
def snapshot(folder: Store, out: New, json_file: Json = None) -> None:
    """Copy a store as it is at this moment, while others may write to it.

    Example: hybridattn store snapshot birds birds-backup
    """
    from hybridattn.memory import snapshot_store

    def copy(store: "StoreReader", path: Path) -> dict[str, int]:
        snapshot_store(store, path)
        return {"slots": len(store), "commits": store.generation}

    check_targets(json_file)
    with waiting(f"Copying {folder}"):
        report = _copied(folder, out, copy)
    if not wrote_json(json_file, report):
        print_out(*(f"{name}: {one['slots']:,} slots" for name, one in report.items()), f"Wrote {out}")


@store_app.command()
def repair(folder: Store, json_file: Json = None) -> None:
    """Keep what can still be read of a damaged store: slots that cannot are erased, and their ids told.

    Damaged files are moved to the folder `damaged` of the store. A damaged database cannot be mended: take a snapshot.

    Example: hybridattn store repair birds
    """
    from hybridattn.memory import repair_store

    check_targets(json_file)
    with waiting(f"Repairing {folder}"):
        found = {name: repair_store(path) for name, path in _stores(folder).items()}
    if not wrote_json(json_file, {name: one.to_json() for name, one in found.items()}):
        for name, one in found.items():
            lost = f", erased: {', '.join(map(str, one.lost))}" if one.lost else ""
            print_out(f"{name}: {len(one.lost)} slots lost, {len(one.set_aside)} files set aside{lost}")


def _stores(folder: Path) -> dict[str, Path]:
    """Name the stores in a folder: itself, or those that it holds."""
    from hybridattn.memory.durable.files import Folder

    inside = (
        sorted(path for path in folder.iterdir() if Folder(path).database.is_file()) if os.path.isdir(folder) else []
    )
    if not inside or Folder(folder).database.exists():
        Folder(folder).check()
        return {str(folder): folder}
    return {str(path): path for path in inside}


def _copied(folder: Path, out: Path, copy: Callable[["StoreReader", Path], Any]) -> dict[str, Any]:
    """Copy each store in a folder: all of them or none. What it gives of each is told."""
    from hybridattn.memory import StoreReader
    from hybridattn.memory.durable.writing.making import made_beside

    found = _stores(folder)
    with ExitStack() as stack:
        opened = {name: stack.enter_context(StoreReader(path)) for name, path in found.items()}
        if list(found.values()) == [folder]:
            return {name: copy(store, out) for name, store in opened.items()}
        draft = stack.enter_context(made_beside(out))
        return {name: copy(store, draft / found[name].name) for name, store in opened.items()}


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
