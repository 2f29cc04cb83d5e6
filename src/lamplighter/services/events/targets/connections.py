"""Handle connections, which authorise calls of HTTP APIs. Their secrets are stored, but not shown.

HTTP tasks of Step Functions and API destinations use them.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection.html.
"""

from typing import TYPE_CHECKING

from lamplighter.base.errors import AwsError, ValidationError, require
from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.services.events import paging
from lamplighter.services.events.errors import ResourceAlreadyExists, ResourceNotFound
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import events as aws

SECRETS = "secretsmanager"
PARAMETERS_BY_TYPE = {
    "BASIC": "BasicAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
    "API_KEY": "ApiKeyAuthParameters",
}
SECRET_FIELDS = frozenset({"Password", "ClientSecret", "ApiKeyValue"})
REQUEST_FIELDS = ("Description", "AuthorizationType", "KmsKeyIdentifier", "InvocationConnectivityParameters")


class Connections:
    """The operations on connections."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._bus = bus
        self._world = world

    def create(self, tx: Tx, caller: Caller, params: "aws.CreateConnectionInput") -> Json:
        """Handle CreateConnection."""
        name = params["Name"]
        if rows.get(tx, "connection", caller.account, caller.region, name) is not None:
            raise ResourceAlreadyExists(f"Connection {name} already exists.")
        now, place = tx.now, f"{caller.region}:{caller.account}"
        key = f"arn:aws:events:{place}:connection/{name}/{self._world.uuid()}"
        secret = f"events!connection/{name}/{self._world.uuid()}"
        body = self._body({"SecretArn": f"arn:aws:{SECRETS}:{place}:secret:{secret}"}, params, now)
        made = self._call_secrets(tx, caller, "CreateSecret", {"Name": secret, "SecretString": dumps(body["Secrets"])})
        body["SecretArn"] = made.get("ARN", body["SecretArn"])
        connection = Resource("connection", caller.account, caller.region, "", name, key, now, now, body, {})
        rows.put(tx, connection)
        return _answer(connection)

    def update(self, tx: Tx, caller: Caller, params: "aws.UpdateConnectionInput") -> Json:
        """Handle UpdateConnection."""
        old = self._find(tx, caller, params["Name"], "update")
        now = tx.now
        changed = rows.update_body(tx, old, now, self._body(old.body, params, now))
        value = {"SecretId": changed.body["SecretArn"], "SecretString": dumps(changed.body["Secrets"])}
        self._call_secrets(tx, caller, "PutSecretValue", value)
        return _answer(changed)

    def deauthorize(self, tx: Tx, caller: Caller, params: "aws.DeauthorizeConnectionInput") -> Json:
        """Handle DeauthorizeConnection."""
        old = self._find(tx, caller, params["Name"], "deauthorize")
        body = old.body | {"ConnectionState": "DEAUTHORIZED"}
        return _answer(rows.update_body(tx, old, tx.now, body))

    def delete(self, tx: Tx, caller: Caller, params: "aws.DeleteConnectionInput") -> Json:
        """Handle DeleteConnection."""
        old = self._find(tx, caller, params["Name"], "delete")
        rows.delete(tx, old.arn)
        secret = {"SecretId": old.body["SecretArn"], "ForceDeleteWithoutRecovery": True}
        self._call_secrets(tx, caller, "DeleteSecret", secret)
        return _answer(old) | {"ConnectionState": "DELETING"}

    def describe(self, reader: Reader, caller: Caller, params: "aws.DescribeConnectionInput") -> Json:
        """Handle DescribeConnection."""
        found = self._find(reader, caller, params["Name"], "describe")
        shown = {
            name: found.body[name] for name in (*REQUEST_FIELDS, "SecretArn", "AuthParameters") if name in found.body
        }
        return _answer(found) | {"Name": found.name} | shown

    def retrieve_credentials(self, reader: Reader, _caller: Caller, params: Json) -> Json:
        """Return all that authorises a call, secrets included. Only the engine's services can call this operation.

        AWS has a permission for it, events:RetrieveConnectionCredentials, but no operation.
        """
        found = rows.get_by_arn(reader, params["ConnectionArn"])
        if found is None or found.kind != "connection":
            raise ResourceNotFound(f"Connection {params['ConnectionArn']} does not exist.")
        if found.body["ConnectionState"] == "DEAUTHORIZED":
            raise ResourceNotFound(f"Connection {params['ConnectionArn']} is not authorized.")
        return {"AuthorizationType": found.body["AuthorizationType"], "AuthParameters": found.body["Secrets"]}

    def list(self, reader: Reader, caller: Caller, params: "aws.ListConnectionsInput") -> Json:
        """Handle ListConnections."""
        state = params.get("ConnectionState")
        found, more = paging.resource_page(
            reader,
            caller,
            "connection",
            params,
            lambda each: _answer(each) | {"Name": each.name, "AuthorizationType": each.body["AuthorizationType"]},
            keep=lambda each: state is None or each.body["ConnectionState"] == state,
        )
        return {"Connections": found} | more

    def _body(self, old: Json, params: Json, now: int) -> Json:
        body = old | {name: params[name] for name in REQUEST_FIELDS if name in params}
        kind = PARAMETERS_BY_TYPE[body["AuthorizationType"]]
        secrets = old.get("Secrets", {}) | params.get("AuthParameters", {})
        secrets = {
            name: value for name, value in secrets.items() if name == kind or name not in PARAMETERS_BY_TYPE.values()
        }
        shown = _without_secrets(secrets)
        if kind not in shown:
            raise ValidationError(
                f"Parameter {kind} is required for the authorization type {body['AuthorizationType']}."
            )
        # Each call requests an OAuth token; none is requested before.
        state = "AUTHORIZING" if kind == "OAuthParameters" else "AUTHORIZED"
        # AWS, recorded: a connection that is being authorized has the time, too.
        changed = {"AuthParameters": shown, "Secrets": secrets, "ConnectionState": state}
        return body | changed | {"LastAuthorizedTime": now / 1000}

    def _call_secrets(self, tx: Tx, caller: Caller, operation: str, params: Json) -> Json:
        """Call Secrets Manager about a connection's secret; a connection of an older engine has none.

        If Secrets Manager is elsewhere, only the connection itself has the secret.
        """
        if not self._bus.serves(SECRETS, operation):
            return {}
        try:
            with tx.nested():
                return self._bus.invoke(tx, caller, SECRETS, operation, params)
        except AwsError:
            return {}

    def _find(self, reader: Reader, caller: Caller, name: str, what: str) -> Resource:
        found = rows.get(reader, "connection", caller.account, caller.region, name)
        missing = f"Failed to {what} the connection(s). Connection '{name}' does not exist."
        return require(found, lambda: ResourceNotFound(missing))


def _without_secrets(value: Json) -> Json:
    """Return parameters without their secrets."""
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    if not isinstance(value, dict):
        return value
    secret = {"Value"} if value.get("IsValueSecret") else set()
    return {name: _without_secrets(inner) for name, inner in value.items() if name not in SECRET_FIELDS | secret}


def _answer(connection: Resource) -> Json:
    answer = {
        "ConnectionArn": connection.arn,
        "ConnectionState": connection.body["ConnectionState"],
        "CreationTime": connection.created / 1000,
        "LastModifiedTime": connection.modified / 1000,
    }
    last = connection.body.get("LastAuthorizedTime")
    return answer if last is None else answer | {"LastAuthorizedTime": last}
