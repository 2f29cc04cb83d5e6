"""A credentials file says who may come in, to us and to AWS's own tools alike."""

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


def chance(letters: str, length: int) -> str:
    return "".join(random.choices(letters, k=length))


def test_what_is_made_is_read_again() -> None:
    holder = make_credentials(chance)
    assert parse_credentials(format_credentials(holder)) == {holder.access_key: holder}


def test_awss_own_tools_read_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = make_credentials(chance)
    (tmp_path / "credentials").write_text(format_credentials(holder))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    found = botocore.session.Session().get_credentials()
    assert (found.access_key, found.secret_key) == (holder.access_key, holder.secret)


def test_every_section_is_a_holder_and_its_secret_the_password_where_it_has_none() -> None:
    text = "[a]\naws_access_key_id=1\naws_secret_access_key=%s\n[222233334444]\naws_access_key_id = 222233334444\n"
    text += "aws_secret_access_key = y\nlamplighter_password = open sesame\n[other]\nregion = eu-west-1\n"
    assert parse_credentials(text) == {
        "1": Credentials("1", "%s", "%s"),
        "222233334444": Credentials("222233334444", "y", "open sesame"),
    }


@pytest.mark.parametrize("text", ["", "[default]\n", "[default]\naws_access_key_id = x\n", "no section", "[a]\n[a]\n"])
def test_a_file_that_lets_nobody_in_is_refused(text: str) -> None:
    with pytest.raises(InvalidCredentialsFile):
        parse_credentials(text)


def test_no_secret_is_in_what_is_logged_of_a_holder() -> None:
    holder = make_credentials(chance)
    assert not any(secret in repr(holder) for secret in (holder.secret, holder.password, holder.token))
