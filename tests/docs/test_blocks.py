"""Every block of the manual and of the README is right: commands work, job files load, JSON is JSON."""

import subprocess
from pathlib import Path

import pytest

from tests.docs.command_lines import find_command_problem, lamplighter_commands
from tests.docs.job_file_blocks import find_block_problems
from tests.docs.page_shell import is_run, run_page, write_files
from tests.docs.pages import Block, Page, pages

LANGUAGES = {"", "sh", "bash", "yaml", "json", "ini", "text", "hcl", "python", "dockerfile", "toml"}
ALL_PAGES = pages()
BLOCKS = [block for page in ALL_PAGES for block in page.blocks]
SHELL_BLOCKS = [block for block in BLOCKS if block.is_shell]
SHELL_PAGES = [page for page in ALL_PAGES if any(map(is_run, page.blocks))]


def by_name(each: Block | Page) -> str:
    return each.place if isinstance(each, Block) else each.name


def test_every_block_has_a_language_that_is_checked() -> None:
    assert [each.place for each in BLOCKS if each.language not in LANGUAGES] == []


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=by_name)
def test_the_commands_of_a_block_and_their_options_exist(block: Block) -> None:
    found = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
    assert found.stderr == ""
    problems = {" ".join(words): find_command_problem(words) for words in lamplighter_commands(block.text)}
    assert {words: problem for words, problem in problems.items() if problem} == {}


@pytest.mark.parametrize("page", SHELL_PAGES, ids=by_name)
def test_the_commands_of_a_page_work_in_their_order(page: Page, tmp_path: Path, own_port: int) -> None:
    """A command that cannot run in a test has the mark `<!-- not run: the reason -->` before its block."""
    code, output = run_page(page, tmp_path, own_port)
    assert code == 0, output[-3000:]


@pytest.mark.parametrize("page", ALL_PAGES, ids=by_name)
def test_the_documents_of_a_page_load(page: Page, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    documents = [block for block in page.blocks if block.language in ("yaml", "json")]
    problems = {block.place: find_block_problems(block, tmp_path) for block in documents}
    assert {place: found for place, found in problems.items() if found} == {}


def test_a_command_that_does_not_exist_is_found() -> None:
    text = "cd jobs && sudo lamplighter ps --al\nlamplighter nope # a comment\nA=b lamplighter run job -f | cat"
    problems = [find_command_problem(words) for words in lamplighter_commands(text)]
    assert [problem is not None for problem in problems] == [True, True, False]
