"""Implement the settings of text messages: they are checked, stored and returned, but no message is sent.

See https://docs.aws.amazon.com/sns/latest/api/API_SetSMSAttributes.html.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lamplighter.bus import Caller
from lamplighter.services.sns.errors import InvalidParameter
from lamplighter.services.sns.tables import sms
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import sns as aws

DEFAULTS: Mapping[str, str] = {"MonthlySpendLimit": "1"}
"""What AWS returns of an account without settings."""
PATTERNS: Mapping[str, re.Pattern[str]] = {
    "MonthlySpendLimit": re.compile("[0-9]{1,9}"),
    "DeliveryStatusIAMRole": re.compile("(arn:aws[^:]*:iam::[0-9]{12}:role/.+)?"),
    "DeliveryStatusSuccessSamplingRate": re.compile("[0-9]|[1-9][0-9]|100|"),
    "DefaultSenderID": re.compile("(?=.*[A-Za-z])[A-Za-z0-9]{1,11}|"),
    "DefaultSMSType": re.compile("Promotional|Transactional|"),
    "UsageReportS3Bucket": re.compile("([a-z0-9.-]{3,63})?"),
}
"""The settings, and the texts that each may have; an empty text removes the setting."""


def set_attributes(tx: Tx, caller: Caller, params: "aws.SetSMSAttributesInput") -> None:
    """Handle SetSMSAttributes."""
    given: dict[str, str] = params["attributes"]
    for name, value in given.items():
        if name not in PATTERNS:
            raise InvalidParameter("attributes", f"Invalid attribute name: {name}")
        if not PATTERNS[name].fullmatch(value):
            raise InvalidParameter(name)
    kept = sms.get_settings(tx, caller.account, caller.region) | given
    attributes = {name: value for name, value in kept.items() if value}
    sms.put_settings(tx, sms.SmsSettings(caller.account, caller.region, attributes))


def get_attributes(reader: Reader, caller: Caller, params: "aws.GetSMSAttributesInput") -> "aws.GetSMSAttributesOutput":
    """Handle GetSMSAttributes: return all settings, or those that the request names."""
    found = {**DEFAULTS, **sms.get_settings(reader, caller.account, caller.region)}
    names = params.get("attributes") or found
    return {"attributes": {name: found[name] for name in names if name in found}}
