"""Rule memories in a durable store."""

from hybridattn.errors import MemoryFileError
from hybridattn.knowledge.rules import RuleMemory
from hybridattn.memory import HebbianMemory, MemoryStore, StoreReader

__all__ = ["keep_rules", "kept_rules"]

FORMAT = "hybridattn.rules"
PARTS = ("compositions", "inverses")


def keep_rules(store: MemoryStore, rules: RuleMemory, *, name: str = "rules") -> None:
    """Keep rules in a durable store, beside its slots, in place of what had the name before: all of it or nothing.

    Raises MemoryFileError where they cannot be written.
    """
    parts = {part: getattr(rules, part) for part in PARTS}
    store.keep(name, parts, about={"format": FORMAT, **rules.arguments()})


def kept_rules(store: StoreReader, *, name: str = "rules") -> RuleMemory:
    """Load the rules that a durable store keeps.

    Raises ArgumentError where it keeps nothing under the name, MemoryFileError where that is no rules or is damaged.
    """
    kept = store.kept(name)
    about = {key: value for key, value in kept.about.items() if key != "format"}
    if kept.about.get("format") != FORMAT or set(about) != {"relations", "decay"} or set(kept.memories) != set(PARTS):
        raise MemoryFileError(f"what {store.path} keeps as {name!r} is no rules")
    rules = RuleMemory(**about)
    for part, memory in kept.memories.items():
        mine = getattr(rules, part)
        if not isinstance(memory, HebbianMemory) or memory.arguments() != mine.arguments():
            raise MemoryFileError(f"what {store.path} keeps as {name!r} is no rules")
        mine.load_state_dict(memory.state_dict())
    return rules
