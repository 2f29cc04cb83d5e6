"""Implement the SMS sandbox: the phone numbers to which a new account may send.

Every account stays in the sandbox. AWS sends a password to a new number, which its owner must return; this engine sends
none, so that numbers stay Pending and no password is right.
See https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html.
"""

import logging

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.paging import encode_token, list_page
from lamplighter.services.sns.arns import PAGE, parse_page_token
from lamplighter.services.sns.errors import ResourceNotFound, VerificationFailed
from lamplighter.services.sns.sms.phone_numbers import check_phone_number
from lamplighter.services.sns.tables import sms
from lamplighter.store.db import Reader, Tx

log = logging.getLogger("lamplighter.sns")


def get_account_status(_reader: Reader, _caller: Caller, _params: Json) -> Json:
    """Handle GetSMSSandboxAccountStatus."""
    return {"IsInSandbox": True}


def create_number(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle CreateSMSSandboxPhoneNumber."""
    check_phone_number(params["PhoneNumber"])
    sms.put_sandbox_number(tx, caller.account, caller.region, params["PhoneNumber"])
    log.warning("no password was sent to %s: this engine sends no text messages", params["PhoneNumber"])


def verify_number(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle VerifySMSSandboxPhoneNumber: always refuse."""
    _require(tx, caller, params["PhoneNumber"])
    raise VerificationFailed


def delete_number(tx: Tx, caller: Caller, params: Json) -> None:
    """Handle DeleteSMSSandboxPhoneNumber."""
    _require(tx, caller, params["PhoneNumber"])
    sms.delete_sandbox_number(tx, caller.account, caller.region, params["PhoneNumber"])


def list_numbers(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListSMSSandboxPhoneNumbers."""
    after, most = parse_page_token(params.get("NextToken")), params.get("MaxResults") or PAGE
    found = sms.sandbox_numbers(reader, caller.account, caller.region, after, most + 1)
    return list_page(
        "PhoneNumbers", found, most, lambda number: {"PhoneNumber": number, "Status": "Pending"}, encode_token
    )


def _require(reader: Reader, caller: Caller, number: str) -> None:
    check_phone_number(number)
    if not sms.has_sandbox_number(reader, caller.account, caller.region, number):
        raise ResourceNotFound
