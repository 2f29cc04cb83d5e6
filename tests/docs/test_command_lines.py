"""What the program would refuse is found in the commands of the manual: commands, options, missing values."""

from typing import Annotated
from unittest import mock

import typer

from lamplighter.cli.app import Command
from tests.docs.command_lines import find_command_problem, lamplighter_commands
from tests.docs.reference import command_options


def problems(text: str) -> list[str | None]:
    return [find_command_problem(words) for words in lamplighter_commands(text)]


def test_commands_are_found_behind_other_programs_and_in_lists() -> None:
    text = "cd jobs && sudo lamplighter ps\nA=b lamplighter run job | cat # lamplighter nope\nuvx lamplighter up"
    assert list(lamplighter_commands(text)) == [["ps"], ["run", "job"], ["up"]]


def test_what_the_program_would_refuse_is_found() -> None:
    assert problems("lamplighter nope") == ["there is no command `nope`"]
    assert problems("lamplighter ps --al") == ["there is no option `--al`"]
    assert problems("lamplighter run job --input") == ["`--input` has no value"]


def test_what_the_program_accepts_is_no_problem() -> None:
    text = "lamplighter run job -f --input='{}' -e prod\nlamplighter logs job -n5 >log\nlamplighter --version"
    assert problems(text) == [None, None, None]


def test_subcommands_have_their_own_options() -> None:
    users = typer.Typer()

    @users.command("add")
    def add_user(name: Annotated[str, typer.Argument()], role: Annotated[str, typer.Option("--role")] = "look") -> None:
        """Add a user."""

    with (
        mock.patch.dict("lamplighter.cli.app.COMMANDS", {"users": Command("Manage users.")}),
        mock.patch.object(command_options, "load_object", return_value=users),
    ):
        assert problems("lamplighter users add anna --role run") == [None]
        assert problems("lamplighter users add anna --rôle run") == ["there is no option `--rôle`"]
        assert problems("lamplighter users drop anna") == ["`users` needs one of add"]
