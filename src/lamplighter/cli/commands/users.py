"""Run `lamplighter users …`: manage who may log in to the console of an engine on this machine.

The commands change the users file of the data directory; a running engine takes the change over at once and records it
in its audit log. Exit codes: 0 done; 1 refused, and the output explains why.
"""

import json as json_module
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.base.errors import LamplighterError
from lamplighter.base.world import random_key
from lamplighter.cli import engine_address
from lamplighter.cli.site_options import DEFAULT_DATA, DataOption, SiteOptions
from lamplighter.engine.credentials import CREDENTIALS_FILE, load_credentials
from lamplighter.engine.users_file import USERS_FILE, change_users, load_users
from lamplighter.wire.access.password_hash import SALT_ALPHABET, SALT_LENGTH, PasswordHash, hash_password
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.users import InvalidUsers, User, Users, check_name, check_password, find_similar_name

NameArgument = Annotated[str, typer.Argument(help="The user's name: letters, digits and .-_@", show_default=False)]
RoleOption = Annotated[
    Role, typer.Option(help="look: read; run: also start, stop and send; change: everything.", show_default=False)
]
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the standard input instead of asking for it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

users = typer.Typer(no_args_is_help=True)


@users.command()
def add(
    name: NameArgument,
    role: RoleOption,
    password_stdin: StdinOption = False,  # noqa: FBT002 - typer's way
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Add a user; asks for the password twice."""
    with _explained_errors():
        check_name(name)
        existing = load_users(data / USERS_FILE)
        hint = SiteOptions(data=data).hint("users password")
        if similar := find_similar_name(name, existing):
            raise InvalidUsers(f"there is a user {similar} already: use another name, or `{hint}`")
        _check_no_section(data, name)
        user = User(name, role, _new_password(name, from_stdin=password_stdin))

        def with_user(present: Users) -> Users:
            if find_similar_name(name, present):
                raise InvalidUsers(f"there is a user {name} already")
            return {**present, name: user}

        change_users(data, with_user)
        typer.echo(f"{name} may log in to the console with the role {role}.")
        if not existing and engine_address.read_address(data) is not None and not (data / CREDENTIALS_FILE).exists():
            typer.echo(
                "A running engine asks for passwords and credentials after its next start: restart it.", err=True
            )


@users.command(name="list")
def list_users(json: JsonOption = False, data: DataOption = DEFAULT_DATA) -> None:  # noqa: FBT002 - typer's way
    """List the users and their roles."""
    with _explained_errors():
        found = sorted(load_users(data / USERS_FILE).values(), key=lambda each: each.name.lower())
    if json:
        typer.echo(json_module.dumps([{"name": each.name, "role": each.role} for each in found]))
        return
    width = max((len(each.name) for each in found), default=0)
    for each in found:
        typer.echo(f"{each.name:{width}}  {each.role}")
    if not found:
        hint = SiteOptions(data=data).hint("users add NAME --role ROLE")
        typer.echo(f"There are no users: create the first with `{hint}`.", err=True)


@users.command()
def role(
    name: NameArgument,
    role: Annotated[Role, typer.Argument(help="The new role.", show_default=False)],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Change a user's role; the user has to log in again."""
    _change_user(data, name, lambda user: replace(user, role=role, role_changes=user.role_changes + 1))
    typer.echo(f"{name} has the role {role}. Sessions of {name} have ended.")


@users.command()
def password(name: NameArgument, password_stdin: StdinOption = False, data: DataOption = DEFAULT_DATA) -> None:  # noqa: FBT002 - typer's way
    """Change a user's password; asks for it twice. The user has to log in again."""
    with _explained_errors():
        _find_user(data, load_users(data / USERS_FILE), name)
        new = _new_password(name, from_stdin=password_stdin)
    _change_user(data, name, lambda user: replace(user, password=new))
    typer.echo(f"{name} has a new password. Sessions of {name} have ended.")


@users.command()
def remove(name: NameArgument, data: DataOption = DEFAULT_DATA) -> None:
    """Remove a user; sessions of this user end."""

    def without_user(present: Users) -> Users:
        _find_user(data, present, name)
        return {each: user for each, user in present.items() if each != name}

    with _explained_errors():
        change_users(data, without_user)
    typer.echo(f"{name} is removed. Sessions of {name} have ended.")


def _change_user(data: Path, name: str, change: Callable[[User], User]) -> None:
    with _explained_errors():
        change_users(data, lambda present: {**present, name: change(_find_user(data, present, name))})


def _find_user(data: Path, present: Users, name: str) -> User:
    if name not in present:
        hint = SiteOptions(data=data).hint("users list")
        raise InvalidUsers(f"there is no user {name!a}: `{hint}` lists them")
    return present[name]


def _check_no_section(data: Path, name: str) -> None:
    """Refuse a name that a section of the credentials file has: the audit log could not tell them apart."""
    file = data / CREDENTIALS_FILE
    if file.exists() and any(each.name == name for each in load_credentials(file).values()):
        raise InvalidUsers(f"{name} is the name of a section in {file}: use another name")


def _new_password(name: str, *, from_stdin: bool) -> PasswordHash:
    """Read a new password and return its hash. A password is never an argument: other users can see those."""
    if from_stdin:
        given = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    elif sys.stdin.isatty():
        given = typer.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    else:
        raise InvalidUsers("there is no terminal to ask for the password: use --password-stdin")
    check_password(given, name)
    return hash_password(given, random_key(SALT_ALPHABET, SALT_LENGTH))


@contextmanager
def _explained_errors() -> Iterator[None]:
    try:
        yield
    except LamplighterError as error:
        typer.echo(f"lamplighter: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"lamplighter: {error.filename}: {(error.strerror or str(error)).lower()}", err=True)
        raise typer.Exit(1) from None
