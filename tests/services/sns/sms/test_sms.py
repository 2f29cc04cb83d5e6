"""Test the settings of text messages, opted-out numbers and the sandbox: nothing is sent or claims to be.

https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-phone-number-as-subscriber.html
"""

import pytest

from lamplighter.bus import Caller
from tests.engine_harness import ACCOUNT
from tests.services.sns.sns_harness import SnsHarness

NUMBER = "+15551234567"


def test_settings_are_stored_for_the_region_and_returned(harness: SnsHarness) -> None:
    assert harness.sns("GetSMSAttributes") == {"attributes": {"MonthlySpendLimit": "1"}}
    harness.sns("SetSMSAttributes", attributes={"DefaultSMSType": "Transactional", "DefaultSenderID": "Night"})
    harness.restart()
    everything = {"MonthlySpendLimit": "1", "DefaultSMSType": "Transactional", "DefaultSenderID": "Night"}
    assert harness.sns("GetSMSAttributes") == {"attributes": everything}
    assert harness.sns("GetSMSAttributes", attributes=["DefaultSMSType", "Other"]) == {
        "attributes": {"DefaultSMSType": "Transactional"}
    }
    elsewhere = harness.run(harness.engine.call(Caller(ACCOUNT, "eu-west-1"), "sns", "GetSMSAttributes", {}))
    assert elsewhere == {"attributes": {"MonthlySpendLimit": "1"}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Colour", "red"),
        ("DefaultSMSType", "Loud"),
        ("DefaultSenderID", "123"),
        ("DeliveryStatusSuccessSamplingRate", "101"),
        ("MonthlySpendLimit", "-1"),
        ("DeliveryStatusIAMRole", "me"),
    ],
)
def test_an_invalid_setting_is_refused(harness: SnsHarness, name: str, value: str) -> None:
    assert harness.expect_error("SetSMSAttributes", attributes={name: value})[0] == "InvalidParameter"


def test_nobody_has_opted_out(harness: SnsHarness) -> None:
    assert harness.sns("OptInPhoneNumber", phoneNumber="+4411111111") == {}
    assert harness.sns("CheckIfPhoneNumberIsOptedOut", phoneNumber=NUMBER) == {"isOptedOut": False}
    assert harness.sns("ListPhoneNumbersOptedOut") == {"phoneNumbers": []}
    for operation in ("OptInPhoneNumber", "CheckIfPhoneNumberIsOptedOut"):
        assert harness.expect_error(operation, phoneNumber="invalid") == (
            "InvalidParameter",
            "Invalid parameter: PhoneNumber Reason: input incorrectly formatted",
        )
