"""A hint names the site of the command that prints it, with the options that the named command has."""

import ast
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lamplighter.cli.app import COMMANDS, build_app
from lamplighter.cli.site_options import DATA_VARIABLE, FILE, OPTIONS, RUN_OPTIONS, SiteOptions
from tests.architecture.source import Module, modules

FULL = SiteOptions(Path("my jobs.yaml"), "prod", None, True, "acme", "eu-west-1", Path("other"))
NO_HINTS = {
    "A backup that `lamplighter backup` wrote, or a copy of a database; - is the standard input.",
    "Options of `lamplighter up`.",
    "stopped with `lamplighter destroy`",
    "stopped with `lamplighter stop`",
}
"""Texts that tell nobody to run the command that they name: of the help, and causes of stopped runs."""
FIRST_JOB_FILE = "cli/commands/init.py"
"""Writes a file for every site."""
WITHOUT_SITE = re.compile(r"`lamplighter (?!service )")
"""A command in a text; `service` has no option of a site."""


def test_defaults_add_nothing_to_a_hint() -> None:
    assert SiteOptions(Path("lamplighter.yaml")).hint("logs nightly") == "lamplighter logs nightly"


def test_a_hint_repeats_each_option_as_a_shell_reads_it() -> None:
    options = "--file 'my jobs.yaml' -e prod --profile acme --region eu-west-1 --data other --aws"
    assert FULL.hint("ps --all") == f"lamplighter ps --all {options}"
    assert SiteOptions(endpoint_url="http://box:4566").hint("ps") == "lamplighter ps --endpoint-url http://box:4566"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("destroy", "destroy 'my jobs.yaml' -e prod --profile acme --region eu-west-1"),
        ("move --to aws", "move --to aws 'my jobs.yaml' -e prod --profile acme --region eu-west-1 --data other"),
        ("up", "up 'my jobs.yaml' -e prod --data other"),
        ("users list", "users list --data other"),
        ("console --aws", "console --aws --profile acme --region eu-west-1 --data other"),
        ("service status", "service status"),
    ],
)
def test_a_hint_has_only_the_options_that_its_command_has(command: str, expected: str) -> None:
    assert FULL.hint(command) == f"lamplighter {expected}"


def test_a_hint_leaves_out_the_data_directory_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, "/data")
    assert SiteOptions(data=Path("/data")).hint("ps") == "lamplighter ps"


@pytest.mark.parametrize("name", [name for name, each in COMMANDS.items() if name not in ("init", "schema")])
def test_every_command_has_the_options_that_a_hint_gives_it(name: str) -> None:
    words = ["users", "list"] if name == "users" else ["service", "status"] if name == "service" else [name]
    shown = CliRunner().invoke(build_app(name), [*words, "--help"], env={"COLUMNS": "200"}).output
    listed = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", re.sub(r"\x1b\[[0-9;]*m", "", shown)))
    expected = OPTIONS.get(name, RUN_OPTIONS)
    site = {*RUN_OPTIONS} - ({"--aws"} if FILE in expected else set())
    assert listed & site == {*expected} - {FILE}


def texts(module: Module) -> list[str]:
    """Return the texts of a module without its docstrings."""
    nodes = [*ast.walk(module.tree)]
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    found = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in docs]
    return [node.value for node in found if isinstance(node.value, str)]


def test_every_text_that_tells_the_user_to_run_a_command_takes_it_from_hint() -> None:
    """A text that only names a command says `up`, without the program's name."""
    of_commands = [each for each in modules() if each.name.startswith("cli/") and each.name != FIRST_JOB_FILE]
    found = [(module.name, text) for module in of_commands for text in texts(module)]
    assert len(found) > 1000
    assert [each for each in found if WITHOUT_SITE.search(each[1]) and each[1] not in NO_HINTS] == []
