"""Check phone numbers, and answer whether their owners refuse text messages.

A person refuses them by an answer to a message (STOP). This engine sends none and receives no answers, so that nobody
has refused. See https://docs.aws.amazon.com/sns/latest/dg/sms_manage.html#sms_manage_optout.
"""

import re
from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.sns.errors import InvalidParameter
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import sns as aws

NUMBER = re.compile(r"\+?[1-9][0-9]{3,14}")
"""A number in the format E.164: https://www.itu.int/rec/T-REC-E.164."""


def check_phone_number(number: str) -> None:
    """Raise `InvalidParameter` if a text is not a phone number."""
    if not NUMBER.fullmatch(number):
        raise InvalidParameter("PhoneNumber", "input incorrectly formatted")


def check_publishable(number: str) -> None:
    """Raise `InvalidParameter` if a text is not a phone number to which a message can be published."""
    if not NUMBER.fullmatch(number):
        raise InvalidParameter("PhoneNumber", f"{number} is not valid to publish to")


def is_opted_out(
    _reader: Reader, _caller: Caller, params: "aws.CheckIfPhoneNumberIsOptedOutInput"
) -> "aws.CheckIfPhoneNumberIsOptedOutOutput":
    """Handle CheckIfPhoneNumberIsOptedOut."""
    check_phone_number(params["phoneNumber"])
    return {"isOptedOut": False}


def list_opted_out(_reader: Reader, _caller: Caller, _params: Json) -> "aws.ListPhoneNumbersOptedOutOutput":
    """Handle ListPhoneNumbersOptedOut."""
    return {"phoneNumbers": []}


def opt_in(_tx: Tx, _caller: Caller, params: "aws.OptInPhoneNumberInput") -> None:
    """Handle OptInPhoneNumber; a number that has not opted out stays as it is."""
    check_phone_number(params["phoneNumber"])


def list_origination_numbers(_reader: Reader, _caller: Caller, _params: Json) -> "aws.ListOriginationNumbersOutput":
    """Handle ListOriginationNumbers: this engine has no number from which it sends."""
    return {"PhoneNumbers": []}
