"""A credentials file names who may call, for the engine and for AWS's own tools."""

import random
from pathlib import Path

import botocore.session
import pytest

from lamplighter.wire.access.credentials import (
    Credentials,
    InvalidCredentialsFile,
    format_credentials,
    make_credentials,
    parse_credentials,
)


def random_text(letters: str, length: int) -> str:
    return "".join(random.choices(letters, k=length))


def test_created_credentials_are_parsed_again() -> None:
    holder = make_credentials(random_text)
    assert parse_credentials(format_credentials(holder)) == {holder.access_key: holder}


def test_aws_tools_can_read_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = make_credentials(random_text)
    (tmp_path / "credentials").write_text(format_credentials(holder))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    found = botocore.session.Session().get_credentials()
    assert (found.access_key, found.secret_key) == (holder.access_key, holder.secret)


def test_every_section_is_a_holder_whose_secret_is_the_default_password() -> None:
    text = "[a]\naws_access_key_id=1\naws_secret_access_key=%s\n[222233334444]\naws_access_key_id = 222233334444\n"
    text += "aws_secret_access_key = y\nlamplighter_password = open sesame\n[other]\nregion = eu-west-1\n"
    assert parse_credentials(text) == {
        "1": Credentials("1", "%s", "%s", name="a"),
        "222233334444": Credentials("222233334444", "y", "open sesame", name="222233334444"),
    }


@pytest.mark.parametrize("text", ["", "[default]\n", "[default]\naws_access_key_id = x\n", "no section", "[a]\n[a]\n"])
def test_a_file_without_credentials_is_rejected(text: str) -> None:
    with pytest.raises(InvalidCredentialsFile):
        parse_credentials(text)


def test_the_repr_of_credentials_shows_no_secret() -> None:
    holder = make_credentials(random_text)
    assert not any(secret in repr(holder) for secret in (holder.secret, holder.password, holder.token))


def section(*lines: str) -> str:
    return "\n".join(("[loader]", "aws_access_key_id = 1", "aws_secret_access_key = 2", *lines))


def test_a_section_states_what_its_key_may_do() -> None:
    found = parse_credentials(section("lamplighter_role = look", "lamplighter_login = no", "lamplighter_audit = no"))
    assert (found["1"].name, found["1"].role, found["1"].logs_in, found["1"].audited) == (
        "loader",
        "look",
        False,
        False,
    )
    default = parse_credentials(section())["1"]
    assert (default.role, default.logs_in, default.audited) == ("change", True, True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lamplighter_role = admin", "use look, run, change"),
        ("lamplighter_role =", "use look, run, change"),
        ("lamplighter_login = off", "use yes or no"),
        ("lamplighter_audit = 0", "use yes or no"),
    ],
)
def test_an_unknown_role_or_switch_is_an_error_and_never_a_permission(line: str, words: str) -> None:
    with pytest.raises(InvalidCredentialsFile, match=words):
        parse_credentials(section(line))
