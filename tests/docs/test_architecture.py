"""ARCHITECTURE.md can be read in ten minutes, and names only what exists."""

import re

from tests.docs.pages import DOCS

ROOT = DOCS.parent
TEXT = (ROOT / "ARCHITECTURE.md").read_text()
FOLDERS = ("", "src/lamplighter")
NAMES = {each.name for folder in ("src", "tests") for each in (ROOT / folder).rglob("*.py")}
PATH = re.compile(r"`([\w./-]+(?:/[\w.-]+)+|\w+\.(?:py|md|toml))`")
PLACEHOLDERS = {"services/cloudformation/resource_types/SERVICE.py"}


def exists(path: str) -> bool:
    """Return whether a path exists; a bare name may be that of any file."""
    return any((ROOT / folder / path).exists() for folder in FOLDERS) or path in NAMES


def test_the_architecture_has_at_most_2500_words() -> None:
    assert len(TEXT.split()) <= 2500


def test_every_path_that_the_architecture_names_exists() -> None:
    assert [path for path in PATH.findall(TEXT) if path not in PLACEHOLDERS and not exists(path)] == []
