"""The pages of the manual and the README, and the fenced blocks in them.

A comment right before a block says what a reader need not see:

- `<!-- not run: needs AWS -->`: the test only checks that the commands and their options exist.
- `<!-- exit 1 -->`: the last command of the block ends with this exit code.
- `<!-- file: report.py -->`: the block is the content of this file, which the reader writes at this place.
- `<!-- first: lamplighter up -->`: the reader has done this already.
- `<!-- wait for: .lamplighter/mail/* -->`: the block follows when there is such a file.
- `<!-- not a job file: Docker Compose -->`: the YAML or JSON belongs to another program and is only parsed.

`<!-- nothing on this page is run: why -->` counts as the first of these before every block of a page.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_MARKS = re.compile(r"(?:<!--(?:(?!-->).)*-->\s*)+\Z", re.DOTALL)
_MARK = re.compile(r"<!-- (not run|exit|file|first|wait for|not a job file):? (.*?) -->", re.DOTALL)
_PAGE_MARK = re.compile(r"<!-- nothing on this page is run: (.*?) -->", re.DOTALL)
_COMMAND = re.compile(r"^(sudo |\w+=\S+ )*(lamplighter|aws|docker|make) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block."""

    page: str
    line: int
    language: str
    text: str
    marks: Mapping[str, str]

    @property
    def place(self) -> str:
        """The block's page and line, as an editor opens it."""
        return f"{self.page}:{self.line}"

    @property
    def is_shell(self) -> bool:
        """Whether the block has commands. One without a language has some if a line begins like one."""
        return self.language in ("sh", "bash") or (not self.language and bool(_COMMAND.search(self.text)))


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Markdown."""

    name: str
    """Its path in the repository."""
    text: str

    @property
    def blocks(self) -> list[Block]:
        """The page's fenced blocks."""
        return list(_blocks(self))

    def without_its_mark(self) -> "Page":
        """Return the page as if no mark said that nothing on it is run."""
        return Page(self.name, _PAGE_MARK.sub("", self.text))


def pages() -> list[Page]:
    """Return the README and all pages of the manual."""
    return [
        Page(str(path.relative_to(ROOT)), path.read_text())
        for path in [README, *sorted(DOCS.rglob("*.md"))]
    ]  # fmt: skip


def _blocks(page: Page) -> Iterator[Block]:
    of_page = _PAGE_MARK.search(page.text)
    marks = {"not run": of_page[1]} if of_page else {}
    for found in _FENCE.finditer(page.text):
        before = _MARKS.search(page.text, 0, found.start())
        own = dict(_MARK.findall(before[0])) if before else {}
        line = page.text.count("\n", 0, found.start()) + 1
        yield Block(page.name, line, found["language"], dedent(found["text"]), {**marks, **own})
