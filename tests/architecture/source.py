"""Read the program's source once, for the tests of its structure."""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "lamplighter"


@dataclass(frozen=True, slots=True)
class Module:
    """One file of the program."""

    name: str
    """Its path within the package, `asl/execution/advance.py`."""
    text: str
    tree: ast.Module


def read(path: Path) -> Module:
    text = path.read_text()
    return Module(path.relative_to(PACKAGE).as_posix(), text, ast.parse(text))


@functools.cache
def modules() -> tuple[Module, ...]:
    """Return all files of the program."""
    return tuple(read(path) for path in sorted(PACKAGE.rglob("*.py")))
