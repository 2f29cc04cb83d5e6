"""Find the keys that sign calls of an engine and the region of the calls, as the AWS SDKs find them.

The keys are in the environment or in the shared credentials file, the region is in the environment or in the AWS
configuration. Rejects a profile that does not exist. Logins, roles and other sources of keys are for AWS, not for
engines. See https://docs.aws.amazon.com/sdkref/latest/guide/creds-config-files.html.
"""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

from lamplighter.cli.call_errors import ProfileNotFound
from lamplighter.cli.engine_client.signed_request import SigningKeys

PLACEHOLDER_KEYS = SigningKeys("lamplighter", "lamplighter")
"""The keys for an engine that accepts any."""


def find_keys(profile: str | None) -> SigningKeys:
    """Return the keys of a profile, or of the environment, or the placeholder."""
    environment = os.environ
    if profile is None and environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY"):
        token = environment.get("AWS_SESSION_TOKEN", "")
        return SigningKeys(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], token)
    found = {**_read_profile(profile, "AWS_CONFIG_FILE"), **_read_profile(profile, "AWS_SHARED_CREDENTIALS_FILE")}
    if profile is not None and not found:
        raise ProfileNotFound(profile=profile)
    if "aws_access_key_id" not in found or "aws_secret_access_key" not in found:
        return PLACEHOLDER_KEYS
    token = found.get("aws_session_token", "")
    return SigningKeys(found["aws_access_key_id"], found["aws_secret_access_key"], token)


def find_region(profile: str | None) -> str | None:
    """Return the region of the AWS configuration, or None."""
    found = {**_read_profile(profile, "AWS_SHARED_CREDENTIALS_FILE"), **_read_profile(profile, "AWS_CONFIG_FILE")}
    if profile is not None and not found:
        raise ProfileNotFound(profile=profile)
    return found.get("region")


_DEFAULT_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}


def _read_profile(profile: str | None, variable: str) -> Mapping[str, str]:
    """Return the settings of a profile in one of the two files; nothing if the file or the profile is missing."""
    name = profile or os.environ.get("AWS_PROFILE") or "default"
    parser = configparser.RawConfigParser(default_section="", strict=False)
    try:
        parser.read(Path(os.environ.get(variable) or _DEFAULT_FILES[variable]).expanduser())
    except (configparser.Error, UnicodeDecodeError):
        return {}
    section = name if variable != "AWS_CONFIG_FILE" or name == "default" else f"profile {name}"
    return dict(parser[section]) if parser.has_section(section) else {}
