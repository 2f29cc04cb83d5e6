"""Implement the operations on endpoints: the devices of a mobile application, each with its token.

Stores and returns them; nothing is pushed. See
https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformEndpoint.html and
https://docs.aws.amazon.com/sns/latest/dg/mobile-platform-endpoint.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.aws import arn
from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.sns.arns import PAGES
from lamplighter.services.sns.errors import EndpointDisabled, InvalidParameter, NotFound, PlatformApplicationDisabled
from lamplighter.services.sns.mobile.mobile_arns import ENDPOINT_KIND, check_endpoint_arn
from lamplighter.services.sns.mobile.platform_applications import (
    check_enabled,
    find_application,
    require_attributes,
)
from lamplighter.services.sns.tables import platform_applications
from lamplighter.services.sns.tables import platform_endpoints as rows
from lamplighter.services.sns.tables.platform_applications import PlatformApplication
from lamplighter.services.sns.tables.platform_endpoints import PlatformEndpoint
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import sns as aws

ENABLED, TOKEN, USER_DATA = "Enabled", "Token", "CustomUserData"
MAX_BYTES = 2_048
"""The most bytes of a token, and of the data that users add."""


@dataclass(frozen=True, slots=True)
class PlatformEndpoints:
    """The operations that need the world."""

    world: World

    def create(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """Handle CreatePlatformEndpoint; return the endpoint that has the token, if its settings are the given ones."""
        application = find_application(tx, params["PlatformApplicationArn"])
        given = dict(params.get("Attributes") or {})
        given |= {USER_DATA: params[USER_DATA]} if params.get(USER_DATA) is not None else {}
        _check_attributes(given | {TOKEN: params["Token"]})
        found = rows.find_by_token(tx, application.arn, params["Token"])
        if found is None:
            found = self._new(application, {ENABLED: "true", **given, TOKEN: params["Token"]})
            rows.put(tx, found)
        elif _differs(found, given):
            raise InvalidParameter(
                "Token", f"Endpoint {found.arn} already exists with the same Token, but different attributes."
            )
        return {"EndpointArn": found.arn}

    def _new(self, application: PlatformApplication, attributes: dict[str, str]) -> PlatformEndpoint:
        resource = f"{ENDPOINT_KIND}/{application.platform}/{application.name}/{self.world.uuid()}"
        key = arn.build("sns", application.region, application.account, resource)
        return PlatformEndpoint(key, application.arn, attributes[TOKEN], attributes)


def delete_endpoint(tx: Tx, _caller: Caller, params: "aws.DeleteEndpointInput") -> None:
    """Handle DeleteEndpoint; succeed if it is gone."""
    rows.delete(tx, check_endpoint_arn(params["EndpointArn"]))


def get_attributes(
    reader: Reader, _caller: Caller, params: "aws.GetEndpointAttributesInput"
) -> "aws.GetEndpointAttributesOutput":
    """Handle GetEndpointAttributes."""
    return {"Attributes": _find(reader, params["EndpointArn"]).attributes}


def set_attributes(tx: Tx, _caller: Caller, params: "aws.SetEndpointAttributesInput") -> None:
    """Handle SetEndpointAttributes; AWS reads the ARN before it misses the attributes."""
    check_endpoint_arn(params["EndpointArn"])
    given = require_attributes(params)
    found = _find(tx, params["EndpointArn"])
    _check_attributes(given)
    token = given.get(TOKEN, found.token)
    other = rows.find_by_token(tx, found.application, token)
    if other is not None and other.arn != found.arn:
        raise InvalidParameter("Token", f"Endpoint {other.arn} already exists with the same Token.")
    rows.put(tx, replace(found, token=token, attributes=found.attributes | given))


def list_endpoints(reader: Reader, _caller: Caller, params: "aws.ListEndpointsByPlatformApplicationInput") -> Json:
    """Handle ListEndpointsByPlatformApplication."""
    application = find_application(reader, params["PlatformApplicationArn"])

    def show(found: PlatformEndpoint) -> Json:
        return {"EndpointArn": found.arn, "Attributes": found.attributes}

    return PAGES.page("Endpoints", params, "", partial(rows.page, reader, application.arn), show, lambda each: each.arn)


def find_target(reader: Reader, text: str) -> PlatformEndpoint:
    """Return the endpoint to which a message is published. Raises AWS's error if it is missing or disabled."""
    found = rows.get(reader, check_endpoint_arn(text, "TargetArn"))
    if found is None:
        raise InvalidParameter("TargetArn", "No endpoint found for the target arn specified")
    if not _is_enabled(found.attributes):
        raise EndpointDisabled
    application = platform_applications.get(reader, found.application)
    if application is None or not _is_enabled(application.attributes):
        raise PlatformApplicationDisabled
    return found


def _find(reader: Reader, text: str) -> PlatformEndpoint:
    return require(rows.get(reader, check_endpoint_arn(text)), lambda: NotFound("Endpoint does not exist"))


def _is_enabled(attributes: Mapping[str, str]) -> bool:
    return attributes.get(ENABLED, "true").lower() == "true"


def _differs(found: PlatformEndpoint, given: Mapping[str, str]) -> bool:
    """Return whether an endpoint has other settings; user data that are missing differ from those that are there."""
    wanted = {ENABLED: found.attributes[ENABLED], TOKEN: found.token, **given}
    return wanted != found.attributes


def _check_attributes(given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if name not in (ENABLED, TOKEN, USER_DATA):
            raise InvalidParameter("Attributes", f"Invalid attribute name: {name}")
        check_enabled(name, value)
        if name == TOKEN and not value:
            raise InvalidParameter(TOKEN, "cannot be empty")
        if len(value.encode()) > MAX_BYTES:
            raise InvalidParameter(name, f"must be at most {MAX_BYTES} bytes long in UTF-8 encoding")
