"""`lamplighter users`: the commands that manage who may log in to the console."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lamplighter.cli.app import build_app
from lamplighter.engine.users_file import USERS_FILE, load_users
from lamplighter.wire.access.password_hash import is_password
from lamplighter.wire.access.roles import Role

PASSWORD = "correct horse battery"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def users(data: Path, *words: str, given: str = f"{PASSWORD}\n") -> Result:
    return CliRunner().invoke(build_app("users"), ["users", *words, "--data", str(data)], input=given)


def add(data: Path, name: str, role: str = "run", given: str = f"{PASSWORD}\n") -> Result:
    return users(data, "add", name, "--role", role, "--password-stdin", given=given)


def test_a_user_is_added_listed_changed_and_removed(data: Path) -> None:
    assert add(data, "anna").output == "anna may log in to the console with the role run.\n"
    assert add(data, "berta@example.com", "look").exit_code == 0
    assert users(data, "list").output == "anna               run\nberta@example.com  look\n"
    assert users(data, "role", "anna", "change").exit_code == 0
    assert json.loads(users(data, "list", "--json").output)[0] == {"name": "anna", "role": "change"}
    before = load_users(data / USERS_FILE)["anna"]
    assert users(data, "password", "anna", "--password-stdin", given="another password\r\n").exit_code == 0
    after = load_users(data / USERS_FILE)["anna"]
    assert (after.role, is_password("another password", after.password)) == (Role.CHANGE, True)
    assert after.password.salt != before.password.salt
    assert users(data, "remove", "anna").exit_code == 0
    assert list(load_users(data / USERS_FILE)) == ["berta@example.com"]


def test_a_role_that_is_changed_and_changed_back_is_another_line(data: Path) -> None:
    add(data, "anna", "run")
    before = (data / USERS_FILE).read_text()
    for role in ("look", "run"):
        assert users(data, "role", "anna", role).exit_code == 0
    assert (data / USERS_FILE).read_text() == before.removesuffix("\n") + ":2\n"
    assert load_users(data / USERS_FILE)["anna"].role_changes == 2


def test_the_file_holds_no_password(data: Path) -> None:
    add(data, "anna")
    text = (data / USERS_FILE).read_text()
    assert PASSWORD not in text
    assert "anna:run:scrypt$16384$8$5$" in text


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("anna", f"{PASSWORD}\n", "there is a user anna already"),
        ("Anna", f"{PASSWORD}\n", "there is a user anna already"),
        ("a:b", f"{PASSWORD}\n", "is not a name"),
        ("carla", "short\n", "a password has 10 to 200 characters"),
        ("carla", "", "a password has 10 to 200 characters"),
        ("carla.berg", "Carla.Berg\n", "the password must differ from the name"),
    ],
)
def test_what_is_refused_changes_nothing(data: Path, name: str, given: str, words: str) -> None:
    add(data, "anna")
    before = (data / USERS_FILE).read_bytes()
    refused = add(data, name, given=given)
    assert refused.exit_code == 1
    assert words in refused.output
    assert (data / USERS_FILE).read_bytes() == before


@pytest.mark.parametrize(
    "words", [("remove", "nobody"), ("password", "nobody", "--password-stdin"), ("role", "nobody", "run")]
)
def test_an_unknown_user_is_named(data: Path, words: tuple[str, ...]) -> None:
    refused = users(data, *words)
    assert (refused.exit_code, "there is no user 'nobody'" in refused.output) == (1, True)


def test_an_unknown_role_is_a_wrong_command_line(data: Path) -> None:
    assert add(data, "anna", "admin").exit_code == 2
    assert not data.exists()


def test_the_name_of_a_section_of_the_credentials_file_is_refused(data: Path) -> None:
    data.mkdir()
    (data / "credentials").write_text("[default]\naws_access_key_id=A\naws_secret_access_key=B\n")
    assert "is the name of a section" in add(data, "default").output


def test_without_a_terminal_the_password_must_come_from_the_standard_input(data: Path) -> None:
    refused = users(data, "add", "anna", "--role", "run")
    assert (refused.exit_code, "use --password-stdin" in refused.output) == (1, True)


@pytest.mark.parametrize(("second", "is_added"), [(PASSWORD, True), ("something else", False)])
def test_a_terminal_asks_for_the_password_twice_and_does_not_show_it(data: Path, second: str, is_added: bool) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lamplighter", "users", "add", "anna", "--role", "run", "--data", str(data)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    shown = b""
    for prompt, answer in ((b"Password: ", PASSWORD), (b"The same again: ", second)):
        while not shown.endswith(prompt):
            shown += os.read(ours, 1024)
        os.write(ours, f"{answer}\n".encode())
    if is_added:
        assert process.wait(60) == 0
        shown += os.read(ours, 1024)
    else:
        while b"do not match" not in shown:
            shown += os.read(ours, 1024)
        process.terminate()
        process.wait(60)
    os.close(ours)
    assert PASSWORD.encode() not in shown
    assert (data / USERS_FILE).exists() == is_added
