"""The help lists the commands in groups, and names no type for a flag."""

import pytest
from typer.testing import CliRunner

from lamplighter.cli.app import COMMANDS, build_app


def test_the_commands_are_listed_in_groups() -> None:
    shown = CliRunner().invoke(build_app(None), ["--help"]).output
    headings = list(dict.fromkeys(each.panel for each in COMMANDS.values()))
    assert headings == ["Jobs", "Look", "Alerts", "Engine", "AWS"]
    places = [shown.index(f"─ {each} ─") for each in headings]
    assert places == sorted(places)


@pytest.mark.parametrize("words", [["ps"], ["users", "add"]])
def test_the_help_names_no_type_for_a_flag(words: list[str]) -> None:
    shown = CliRunner().invoke(build_app(words[0]), [*words, "--help"]).output
    assert "--help" in shown
    assert "<bool>" not in shown
    assert "<path>" in shown


def test_the_list_of_commands_names_no_type_for_a_flag() -> None:
    shown = CliRunner().invoke(build_app(None), ["--help"]).output
    assert "--version" in shown
    assert "<bool>" not in shown
