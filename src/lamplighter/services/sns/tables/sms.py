"""Store the settings of text messages."""

from dataclasses import dataclass

from lamplighter.services.sns.tables.topics import read_map
from lamplighter.store.db import Reader
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """The settings of an account in a region."""

    account: str
    region: str
    attributes: dict[str, str]
    """The settings by AWS's names."""


SETTINGS = Table("sms_settings", SmsSettings, json={"attributes": read_map})


def get_settings(reader: Reader, account: str, region: str) -> dict[str, str]:
    """Return the settings that were made for an account in a region."""
    found = SETTINGS.find(reader, "account = ? AND region = ?", account, region)
    return found.attributes if found is not None else {}


put_settings = SETTINGS.replace
"""Store the settings of an account in a region."""
