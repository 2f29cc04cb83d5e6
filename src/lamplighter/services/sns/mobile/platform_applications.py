"""Implement the operations on mobile applications: the apps to which SNS pushes through Apple, Google and others.

Stores and returns their settings, so that templates and programs that create them work. Nothing is pushed, so that the
credentials of the platforms are neither checked nor kept. See
https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformApplication.html and
https://docs.aws.amazon.com/sns/latest/api/API_SetPlatformApplicationAttributes.html.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.aws import arn
from lamplighter.base.errors import ValidationError, require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.sns.arns import PAGES
from lamplighter.services.sns.errors import InvalidParameter, NotFound
from lamplighter.services.sns.mobile.mobile_arns import APPLICATION_KIND, check_application_arn
from lamplighter.services.sns.tables import platform_applications as rows
from lamplighter.services.sns.tables import platform_endpoints
from lamplighter.services.sns.tables.platform_applications import PlatformApplication
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import sns as aws

MAX_NAME_LENGTH = 256
NAME = re.compile(r"[a-zA-Z0-9_.-]*")
PLATFORMS = frozenset(
    {
        *("ADM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "BAIDU", "GCM", "MACOS", "MACOS_SANDBOX"),
        *("MPNS", "WNS"),
    }
)
CREDENTIAL, PRINCIPAL = "PlatformCredential", "PlatformPrincipal"
WITHOUT_PRINCIPAL = frozenset({"GCM", "MPNS"})
"""The platforms that need a credential only, or, without authentication, nothing."""
WITHOUT_CREDENTIAL = frozenset({"MPNS"})
SECRETS = frozenset({CREDENTIAL, PRINCIPAL})
"""Attributes that are required, and that AWS does not return."""
SETTINGS = frozenset(
    {
        *("ApplePlatformBundleID", "ApplePlatformTeamID", "Enabled", "EventDeliveryFailure", "EventEndpointCreated"),
        *("EventEndpointDeleted", "EventEndpointUpdated", "FailureFeedbackRoleArn", "SuccessFeedbackRoleArn"),
        "SuccessFeedbackSampleRate",
    }
)
DEFAULTS: Mapping[str, str] = {"Enabled": "true", "SuccessFeedbackSampleRate": "100"}


def create_application(
    tx: Tx, caller: Caller, params: "aws.CreatePlatformApplicationInput"
) -> "aws.CreatePlatformApplicationOutput":
    """Handle CreatePlatformApplication; return an application of this name if it has the same settings."""
    name, platform = _check_name(params["Name"]), params["Platform"]
    if platform not in PLATFORMS:
        raise InvalidParameter("Platform", f"{platform} is not supported")
    given: dict[str, str] = params["Attributes"]
    for required, exempt in ((PRINCIPAL, WITHOUT_PRINCIPAL), (CREDENTIAL, WITHOUT_CREDENTIAL)):
        if platform not in exempt and not given.get(required):
            raise InvalidParameter(required, "cannot be empty")
    settings = read_settings(given)
    key = arn.build("sns", caller.region, caller.account, f"{APPLICATION_KIND}/{platform}/{name}")
    found = rows.get(tx, key)
    if found is not None and any(found.attributes.get(each) != value for each, value in settings.items()):
        raise InvalidParameter("Attributes", "Platform application already exists with different attributes")
    if found is None:
        attributes = {**DEFAULTS, **settings}
        rows.put(tx, PlatformApplication(key, caller.account, caller.region, platform, name, attributes))
    return {"PlatformApplicationArn": key}


def delete_application(tx: Tx, _caller: Caller, params: "aws.DeletePlatformApplicationInput") -> None:
    """Handle DeletePlatformApplication: delete an application with its endpoints; succeed if it is gone."""
    key = check_application_arn(params["PlatformApplicationArn"])
    platform_endpoints.delete_of_application(tx, key)
    rows.delete(tx, key)


def get_attributes(
    reader: Reader, _caller: Caller, params: "aws.GetPlatformApplicationAttributesInput"
) -> "aws.GetPlatformApplicationAttributesOutput":
    """Handle GetPlatformApplicationAttributes."""
    return {"Attributes": find_application(reader, params["PlatformApplicationArn"]).attributes}


def set_attributes(tx: Tx, _caller: Caller, params: "aws.SetPlatformApplicationAttributesInput") -> None:
    """Handle SetPlatformApplicationAttributes; AWS reads the ARN before it misses the attributes."""
    check_application_arn(params["PlatformApplicationArn"])
    given = require_attributes(params)
    found = find_application(tx, params["PlatformApplicationArn"])
    rows.put(tx, replace(found, attributes=found.attributes | read_settings(given)))


def list_applications(reader: Reader, caller: Caller, params: "aws.ListPlatformApplicationsInput") -> Json:
    """Handle ListPlatformApplications."""

    def show(found: PlatformApplication) -> Json:
        return {"PlatformApplicationArn": found.arn, "Attributes": found.attributes}

    read = partial(rows.page, reader, caller.account, caller.region)
    return PAGES.page("PlatformApplications", params, "", read, show, lambda each: each.arn)


def find_application(reader: Reader, text: str) -> PlatformApplication:
    """Return the application of an ARN. Raises `InvalidParameter` or `NotFound`."""
    return require(
        rows.get(reader, check_application_arn(text)), lambda: NotFound("PlatformApplication does not exist")
    )


def require_attributes(params: Json) -> dict[str, str]:
    """Return the request's attributes. Raises AWS's ValidationError if there are none."""
    given: dict[str, str] | None = params.get("Attributes")
    if given is None:
        raise ValidationError(
            "1 validation error detected: Value null at 'attributes' failed to satisfy constraint: "
            "Member must not be null",
            code="ValidationError",
        )
    return given


def read_settings(given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings among the attributes of a request, without the secrets. Raises `InvalidParameter`."""
    for name, value in given.items():
        if name not in SETTINGS | SECRETS:
            raise InvalidParameter("Attributes", f"Invalid attribute name: {name}")
        check_enabled(name, value)
    rate = given.get("SuccessFeedbackSampleRate", "0")
    if not re.fullmatch("[0-9]{1,3}", rate) or int(rate) > 100:
        raise InvalidParameter("Attributes", "SuccessFeedbackSampleRate must be a whole number from 0 to 100")
    return {name: value for name, value in given.items() if name in SETTINGS}


def check_enabled(name: str, value: str) -> None:
    """Raise `InvalidParameter` if this is the attribute Enabled with a value that is no truth value."""
    if name == "Enabled" and value.lower() not in ("true", "false"):
        raise InvalidParameter("Attributes", "Invalid value for attribute: Enabled: must be 'true' or 'false'")


def _check_name(name: str) -> str:
    if not name:
        raise InvalidParameter("", "cannot be empty")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidParameter(name, f"must be at most {MAX_NAME_LENGTH} characters long")
    if not NAME.fullmatch(name):
        raise InvalidParameter(name, "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'")
    return name
