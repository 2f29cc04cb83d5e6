"""Handle API destinations: HTTP APIs to which events are sent (`api_destination_calls.py`).

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html.
"""

from typing import TYPE_CHECKING

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.events import paging
from lamplighter.services.events.errors import ResourceAlreadyExists, ResourceNotFound
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import events as aws

KIND = "api-destination"
REQUEST_FIELDS = ("ConnectionArn", "InvocationEndpoint", "HttpMethod", "InvocationRateLimitPerSecond")
DEFAULT_RATE_LIMIT = 300


class ApiDestinations:
    """The operations on API destinations."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, tx: Tx, caller: Caller, params: "aws.CreateApiDestinationInput") -> Json:
        """Handle CreateApiDestination."""
        name = params["Name"]
        if rows.get(tx, KIND, caller.account, caller.region, name) is not None:
            raise ResourceAlreadyExists(f"An api-destination '{name}' already exists.")
        _check_connection(tx, params["ConnectionArn"])
        now = tx.now
        key = f"arn:aws:events:{caller.region}:{caller.account}:{KIND}/{name}/{self._world.uuid()}"
        body = {"InvocationRateLimitPerSecond": DEFAULT_RATE_LIMIT} | _request_fields(params)
        made = Resource(KIND, caller.account, caller.region, "", name, key, now, now, body, {})
        rows.put(tx, made)
        return _answer(tx, made)

    def update(self, tx: Tx, caller: Caller, params: "aws.UpdateApiDestinationInput") -> Json:
        """Handle UpdateApiDestination."""
        old = self._find(tx, caller, params["Name"], "update")
        if "ConnectionArn" in params:
            _check_connection(tx, params["ConnectionArn"])
        return _answer(tx, rows.update_body(tx, old, tx.now, old.body | _request_fields(params)))

    def delete(self, tx: Tx, caller: Caller, params: "aws.DeleteApiDestinationInput") -> None:
        """Handle DeleteApiDestination."""
        rows.delete(tx, self._find(tx, caller, params["Name"], "delete").arn)

    def describe(self, reader: Reader, caller: Caller, params: "aws.DescribeApiDestinationInput") -> Json:
        """Handle DescribeApiDestination."""
        found = self._find(reader, caller, params["Name"], "describe")
        described = {"Description": found.body["Description"]} if "Description" in found.body else {}
        return _item(reader, found) | described

    def list(self, reader: Reader, caller: Caller, params: "aws.ListApiDestinationsInput") -> Json:
        """Handle ListApiDestinations."""
        connection = params.get("ConnectionArn")
        found, more = paging.resource_page(
            reader,
            caller,
            KIND,
            params,
            lambda each: _item(reader, each),
            keep=lambda each: connection is None or each.body["ConnectionArn"] == connection,
        )
        return {"ApiDestinations": found} | more

    def _find(self, reader: Reader, caller: Caller, name: str, what: str) -> Resource:
        found = rows.get(reader, KIND, caller.account, caller.region, name)
        missing = f"Failed to {what} the api-destination(s). An api-destination '{name}' does not exist."
        return require(found, lambda: ResourceNotFound(missing))


def _request_fields(params: Json) -> Json:
    return {name: params[name] for name in (*REQUEST_FIELDS, "Description") if name in params}


def _find_connection(reader: Reader, connection: str) -> Resource | None:
    found = rows.get_by_arn(reader, connection)
    return found if found is not None and found.kind == "connection" else None


def _check_connection(reader: Reader, connection: str) -> None:
    if _find_connection(reader, connection) is None:
        name = connection.partition("/")[2].partition("/")[0]
        raise ResourceNotFound(f"Connection '{name}' does not exist.")


def _answer(reader: Reader, destination: Resource) -> Json:
    connection = _find_connection(reader, destination.body["ConnectionArn"])
    active = connection is not None and connection.body["ConnectionState"] == "AUTHORIZED"
    return {
        "ApiDestinationArn": destination.arn,
        "ApiDestinationState": "ACTIVE" if active else "INACTIVE",
        "CreationTime": destination.created / 1000,
        "LastModifiedTime": destination.modified / 1000,
    }


def _item(reader: Reader, destination: Resource) -> Json:
    shown = {name: destination.body[name] for name in REQUEST_FIELDS}
    return _answer(reader, destination) | {"Name": destination.name} | shown
