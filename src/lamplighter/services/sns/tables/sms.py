"""Store the settings of text messages, and the phone numbers of the SMS sandbox."""

from dataclasses import dataclass

from lamplighter.services.sns.tables.topics import read_map
from lamplighter.store.db import Reader, Tx
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


def sandbox_numbers(reader: Reader, account: str, region: str, after: str, most: int) -> list[str]:
    """Return the phone numbers in the sandbox after `after`, in order."""
    sql = (
        "SELECT number FROM sms_sandbox_numbers WHERE account = ? AND region = ? AND number > ? ORDER BY number LIMIT ?"
    )
    return [number for (number,) in reader.rows(sql, (account, region, after, most))]


def has_sandbox_number(reader: Reader, account: str, region: str, number: str) -> bool:
    """Return whether a phone number is in the sandbox."""
    sql = "SELECT 1 FROM sms_sandbox_numbers WHERE account = ? AND region = ? AND number = ?"
    return reader.row(sql, (account, region, number)) is not None


def put_sandbox_number(tx: Tx, account: str, region: str, number: str) -> None:
    """Add a phone number to the sandbox."""
    tx.execute("INSERT OR REPLACE INTO sms_sandbox_numbers VALUES (?, ?, ?)", (account, region, number))


def delete_sandbox_number(tx: Tx, account: str, region: str, number: str) -> None:
    """Remove a phone number from the sandbox."""
    sql = "DELETE FROM sms_sandbox_numbers WHERE account = ? AND region = ? AND number = ?"
    tx.execute(sql, (account, region, number))
