"""Save, list and delete query definitions.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html.
"""

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.logs import arns
from lamplighter.services.logs.errors import LimitExceeded, NoQueryDefinition
from lamplighter.services.logs.insights.queries import LANGUAGE
from lamplighter.services.logs.tables import resources
from lamplighter.services.logs.tables.resources import LogResource
from lamplighter.store.db import Reader, Tx

KIND: resources.Kind = "query-definition"
MAX_DEFINITIONS = 1_000
PAGE = 1_000
MEMBERS = ("name", "queryString", "logGroupNames", "parameters")


class SavedQueries:
    """The operations on query definitions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def put(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Create a query definition, or replace the one of an id (`PutQueryDefinition`)."""
        owner, key = (caller.account, caller.region), params.get("queryDefinitionId")
        if key is not None:
            _find(tx, caller, key)
        elif (made := _repeated(tx, caller, params)) is not None:
            return {"queryDefinitionId": made.name}
        elif len(resources.page(tx, owner, KIND, "", MAX_DEFINITIONS)) >= MAX_DEFINITIONS:
            raise LimitExceeded
        key = key or self._world.uuid()
        body = {
            "queryLanguage": params.get("queryLanguage", LANGUAGE),
            "queryDefinitionId": key,
            **{name: params[name] for name in MEMBERS if name in params},
            "lastModified": self._world.now(),
            "clientToken": params.get("clientToken"),
        }
        resources.put(tx, LogResource(*owner, KIND, key, body, {}))
        return {"queryDefinitionId": key}


def _repeated(reader: Reader, caller: Caller, params: Json) -> LogResource | None:
    """Return the definition that a request with the same token has made, or None."""
    token = params.get("clientToken")
    found = resources.page(reader, (caller.account, caller.region), KIND, "", MAX_DEFINITIONS) if token else []
    return next((each for each in found if each.body["clientToken"] == token), None)


def _find(reader: Reader, caller: Caller, key: str) -> LogResource:
    return require(resources.get(reader, caller.account, caller.region, KIND, key), NoQueryDefinition)


def describe(reader: Reader, caller: Caller, params: Json) -> Json:
    """List query definitions, optionally by the beginning of their names (`DescribeQueryDefinitions`)."""
    size, after = params.get("maxResults", PAGE), arns.parse_page_token(params.get("nextToken"), str) or ""
    found = resources.page(reader, (caller.account, caller.region), KIND, after, size + 1)
    examined, token = arns.cut_page(found, size, lambda each: each.name)
    prefix, language = params.get("queryDefinitionNamePrefix", ""), params.get("queryLanguage")
    shown = [
        {name: value for name, value in each.body.items() if name != "clientToken"}
        for each in examined
        if each.body["name"].startswith(prefix) and language in (None, each.body["queryLanguage"])
    ]
    return {"queryDefinitions": shown} | token


def delete(tx: Tx, caller: Caller, params: Json) -> Json:
    """Delete a query definition (`DeleteQueryDefinition`)."""
    resources.delete(tx, _find(tx, caller, params["queryDefinitionId"]))
    return {"success": True}
