"""A room imports lower floors only, and never through the wall between tensors and terms."""

from pathlib import Path

import pytest
from floors import FLOORS, Import, imports, sources, violations

import hybridattn

HOUSE = Path(hybridattn.__path__[0])
MODULES = {module: (source, module, is_package) for source, module, is_package in sources(HOUSE)}

# The module that the source is said to be, the source, and what is wrong with it.
BROKEN = [
    (
        "attention.read",
        "from hybridattn.memory import SlotMemory",
        "attention (floor 1) must not import memory (floor 2)",
    ),
    ("attention.read", "import hybridattn.reasoning.truth", "attention must not know reasoning"),
    ("memory.slots", "from hybridattn.reasoning import Truth", "memory must not know reasoning"),
    ("memory.slots", "from hybridattn import reasoning", "memory must not know reasoning"),
    ("controller.walk", "def f():\n    from ..reasoning import graph", "controller must not know reasoning"),
    ("controller.walk", "from .. import knowledge", "controller (floor 3) must not import knowledge (floor 4)"),
    (
        "reasoning.derive",
        "from hybridattn.attention import read",
        "reasoning (floor 1) must not import attention (floor 1)",
    ),
    (
        "reasoning.derive",
        "class A:\n    from ..memory.slots import b",
        "reasoning (floor 1) must not import memory (floor 2)",
    ),
    ("reasoning.derive", "import torch.nn as nn", "reasoning loads torch"),
    ("reasoning.derive", "try:\n    from torch import Tensor\nexcept ImportError: ...", "reasoning loads torch"),
    ("reasoning.derive", "import sympy", "reasoning loads sympy"),
    ("trace", "import torch", "trace loads torch"),
    ("trace", "from . import errors", "trace (floor 0) must not import errors (floor 0)"),
    (
        "view.page",
        "if TYPE_CHECKING:\n    from ..knowledge import Answer",
        "view (floor 4) must not import knowledge (floor 4)",
    ),
    ("view.page", "importlib.import_module('hybridattn.cli')", "view (floor 4) must not import cli (floor 5)"),
    ("view.page", "import hybridattn", "hybridattn is no room: import from the room that has it"),
    ("view.page", "from .. import Read", "hybridattn.Read is no room: import from the room that has it"),
    ("cellar.wine", "x = 1", "cellar stands on no floor"),
    ("display", "from hybridattn.view.notebook import bundle", "display (floor -1) must not import view (floor 4)"),
    (
        "display",
        "import_module('hybridattn.view.notebook')",
        "display (floor -1) must not import view (floor 4)",
    ),
    (
        "trace",
        "def f():\n    import_module('hybridattn.view.notebook')",
        "trace (floor 0) must not import view (floor 4)",
    ),
]
SOUND = [
    ("attention.read", "import torch\nfrom hybridattn.errors import ShapeError\nfrom .result import Read"),
    ("memory.slots", "from ..attention import Read\nfrom ..attention.read import read\nfrom . import matrix"),
    ("controller.walk", "from hybridattn.trace import Trace\nimport hybridattn.memory"),
    ("reasoning.derive", "if TYPE_CHECKING:\n    import torch\ndef f():\n    import torch, sympy\nimport networkx"),
    ("knowledge.facts", "from hybridattn.reasoning import graph\nfrom hybridattn.controller import Walk"),
    ("display", "def f():\n    import_module('hybridattn.view.notebook')"),
    ("trace", "from hybridattn.display import Displayed"),
    ("cli", "from hybridattn import __version__\nfrom .view import page\nfrom .knowledge import FactMemory"),
    ("__main__", "from hybridattn.cli import main"),
]


@pytest.mark.parametrize("module", MODULES)
def test_the_module_looks_down(module: str) -> None:
    assert violations(*MODULES[module]) == []


def test_every_room_is_read() -> None:
    assert {module.split(".")[1] for module in MODULES} >= set(FLOORS) - {"__main__"}


@pytest.mark.parametrize(("module", "source", "why"), BROKEN)
def test_a_breach_is_found(module: str, source: str, why: str) -> None:
    [found] = violations(source, f"hybridattn.{module}")
    assert found.startswith(f"hybridattn.{module}:")
    assert found.endswith(f": {why}")


@pytest.mark.parametrize(("module", "source"), SOUND)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert violations(source, f"hybridattn.{module}") == []


def test_relative_imports_of_a_package_start_in_it() -> None:
    source = "from .read import read\nfrom ..errors import ShapeError\n"
    assert list(imports(source, "hybridattn.attention", is_package=True)) == [
        Import(1, "hybridattn.attention.read.read", at_load=True),
        Import(2, "hybridattn.errors.ShapeError", at_load=True),
    ]


def test_the_line_is_named() -> None:
    assert violations("\n\nimport torch\n", "hybridattn.trace") == ["hybridattn.trace:3: trace loads torch"]
