"""Find the region of calls in the environment or in the AWS configuration, as the AWS SDKs find it.

Rejects a profile that does not exist. See https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html.
"""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

from lamplighter.base.errors import LamplighterError

DEFAULT_REGION = "us-east-1"
_DEFAULT_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}


class UnknownProfile(LamplighterError):
    """The AWS configuration has no such profile."""

    def __init__(self, profile: str) -> None:
        super().__init__(f"The config profile ({profile}) could not be found")


def default_region(profile: str | None = None) -> str:
    """Return the region of an engine: from the environment, else from the AWS configuration, else us-east-1."""
    return named_region(profile) or DEFAULT_REGION


def named_region(profile: str | None) -> str | None:
    """Return the region of the environment, else that of the AWS configuration, else None. Raises `UnknownProfile`."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _find_region(profile)


def _find_region(profile: str | None) -> str | None:
    found = {**read_profile(profile, "AWS_SHARED_CREDENTIALS_FILE"), **read_profile(profile, "AWS_CONFIG_FILE")}
    if profile is not None and not found:
        raise UnknownProfile(profile)
    return found.get("region")


def read_profile(profile: str | None, variable: str) -> Mapping[str, str]:
    """Return the settings of a profile in the file that a variable names; nothing if one of them is missing."""
    name = profile or os.environ.get("AWS_PROFILE") or "default"
    parser = configparser.RawConfigParser(default_section="", strict=False)
    try:
        parser.read(Path(os.environ.get(variable) or _DEFAULT_FILES[variable]).expanduser())
    except (configparser.Error, UnicodeDecodeError):
        return {}
    section = name if variable != "AWS_CONFIG_FILE" or name == "default" else f"profile {name}"
    return dict(parser[section]) if parser.has_section(section) else {}
