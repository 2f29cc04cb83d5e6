"""Keys and regions are found where the AWS SDKs find them."""

from pathlib import Path

import pytest
from botocore.session import Session

from lamplighter.cli.engine_client.find_keys import PLACEHOLDER_KEYS, find_keys
from lamplighter.cli.engine_client.find_region import UnknownProfile, named_region

CONFIG = """
[default]
region = eu-west-1
[profile night]
region = ap-northeast-2
aws_access_key_id = config
aws_secret_access_key = %(secret
"""
CREDENTIALS = """
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = s3cret
[temporary]
aws_access_key_id = ASIA
aws_secret_access_key = s
aws_session_token = token
"""


@pytest.fixture(autouse=True)
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for variable, text in (("AWS_CONFIG_FILE", CONFIG), ("AWS_SHARED_CREDENTIALS_FILE", CREDENTIALS)):
        (tmp_path / variable).write_text(text)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    return tmp_path


@pytest.mark.parametrize("profile", [None, "night", "temporary"])
@pytest.mark.parametrize("environment", [{}, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}])
def test_keys_and_regions_are_those_of_botocore(
    monkeypatch: pytest.MonkeyPatch, profile: str | None, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    session, keys = Session(profile=profile), find_keys(profile)
    expected = session.get_credentials().get_frozen_credentials()
    assert (keys.access_key, keys.secret, keys.token) == (expected[0], expected[1], expected[2] or "")
    assert named_region(profile) == session.get_config_variable("region")


def test_a_profile_may_be_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "temporary")
    assert find_keys(None).token == "token"


def test_a_profile_that_does_not_exist_is_reported() -> None:
    for find in (find_keys, named_region):
        with pytest.raises(UnknownProfile, match="nope"):
            find("nope")


def test_without_files_an_engine_gets_placeholders(files: Path) -> None:
    for file in files.iterdir():
        file.unlink()
    assert (find_keys(None), named_region(None)) == (PLACEHOLDER_KEYS, None)
