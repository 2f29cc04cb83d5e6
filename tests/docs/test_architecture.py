"""ARCHITECTURE.md can be read in ten minutes, a page of docs/design answers one question, and both name what exists."""

import re

import pytest

from tests.docs.pages import DOCS, ROOT

TEXT = (ROOT / "ARCHITECTURE.md").read_text()
PAGES = {
    each.name: each.read_text()
    for each in (DOCS / "design").glob("*.md")
    if each.name not in ("index.md", "own-operations.md")
}
INDEX = (DOCS / "design" / "index.md").read_text()
FOLDERS = ("", "src/lamplighter", "docs/manual")
NAMES = {each.name for folder in ("src", "tests") for each in (ROOT / folder).rglob("*.py")}
PATH = re.compile(r"`([\w./-]+(?:/[\w.-]+)+|\w+\.(?:py|md|toml))`")
HEAD = re.compile(r"# [^\n]+\n\n\*\*Question:\*\* [^\n?]+\?\n\nFiles: `")
PLACEHOLDERS = {"services/cloudformation/resource_types/SERVICE.py"}
ADDRESSES = {"/_lamplighter", "/_lamplighter/call", "/v2/", "objects/incoming"}


def exists(path: str) -> bool:
    """Return whether a path exists; a bare name may be that of any file."""
    return any((ROOT / folder / path).exists() for folder in FOLDERS) or path in NAMES


def test_the_architecture_has_at_most_2500_words() -> None:
    assert len(TEXT.split()) <= 2500


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_path_that_a_document_names_exists(document: str) -> None:
    paths = PATH.findall((ROOT / document).read_text())
    assert [path for path in paths if path not in PLACEHOLDERS and not exists(path)] == []


def test_the_pages_of_the_design_have_at_most_7000_words() -> None:
    """A page that is made from the program does not count."""
    assert sum(len(each.split()) for each in (INDEX, *PAGES.values())) <= 7000


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_design_begins_with_its_question_and_its_files(name: str) -> None:
    assert HEAD.match(PAGES[name])


@pytest.mark.parametrize("name", PAGES)
def test_every_path_that_a_page_of_the_design_names_exists(name: str) -> None:
    assert [each for each in PATH.findall(PAGES[name]) if each not in ADDRESSES and not exists(each)] == []
