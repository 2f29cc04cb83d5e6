"""Implement the rules of Contributor Insights: they are checked, stored and shown, but make no reports.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutInsightRule.html.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.bus import Caller, Operation
from lamplighter.services.cloudwatch.errors import InvalidParameterValue
from lamplighter.services.cloudwatch.resources.resource_pages import page_start, resource_page
from lamplighter.services.cloudwatch.resources.tag_rules import RULES as TAG_RULES
from lamplighter.services.cloudwatch.tables import monitoring_resources as rows
from lamplighter.services.cloudwatch.tables.monitoring_resources import MonitoringResource
from lamplighter.store.db import Reader, Tx

INSIGHT_RULE = "insight-rule"
PAGE = 500
ENABLED, DISABLED = "ENABLED", "DISABLED"
SCHEMA = {"Name": "CloudWatchLogRule", "Version": 1}
"""The schema of the rules that users make."""


def _put(tx: Tx, caller: Caller, params: Json) -> None:
    name, definition = params["RuleName"], params["RuleDefinition"]
    state = params.get("RuleState", ENABLED)
    if state not in (ENABLED, DISABLED):
        raise InvalidParameterValue(f"The value {state} for parameter RuleState is invalid.")
    _check_definition(definition)
    old = _find(tx, caller, name)
    tags = old.tags if old is not None else TAG_RULES.read(params.get("Tags"))
    body = {"definition": definition, "state": state, "transformed": params.get("ApplyOnTransformedLogs", False)}
    rows.put(tx, MonitoringResource(INSIGHT_RULE, caller.account, caller.region, name, body, tags))


def _check_definition(text: str) -> None:
    try:
        definition = loads(text)
    except JsonError:
        definition = None
    if not isinstance(definition, dict):
        raise InvalidParameterValue("The parameter RuleDefinition must be a valid JSON object.")
    for name in ("Schema", "Contribution"):
        if not isinstance(definition.get(name), dict):
            raise InvalidParameterValue(f"The parameter RuleDefinition must have the object {name}.")


def _find(reader: Reader, caller: Caller, name: str) -> MonitoringResource | None:
    return rows.get(reader, INSIGHT_RULE, caller.account, caller.region, name)


def _show(rule: MonitoringResource) -> Json:
    shown = {
        "Name": rule.name,
        "State": rule.body["state"],
        "Schema": dumps(SCHEMA),
        "Definition": rule.body["definition"],
        "ManagedRule": False,
    }
    return shown | ({"ApplyOnTransformedLogs": True} if rule.body["transformed"] else {})


def _describe(reader: Reader, caller: Caller, params: Json) -> Json:
    found = rows.list_all(reader, INSIGHT_RULE, caller.account, caller.region, page_start(params))
    return resource_page("InsightRules", found, params.get("MaxResults", PAGE), _show)


def _failure(name: str) -> Json:
    return {
        "FailureResource": name,
        "ExceptionType": "ResourceNotFoundException",
        "FailureCode": "404",
        "FailureDescription": f"Rule {name} does not exist.",
    }


def _set_state(tx: Tx, caller: Caller, params: Json, *, state: str) -> Json:
    failures = list[Json]()
    for name in params["RuleNames"]:
        found = _find(tx, caller, name)
        if found is None:
            failures.append(_failure(name))
        else:
            rows.put(tx, replace(found, body=found.body | {"state": state}))
    return {"Failures": failures}


def _delete(tx: Tx, caller: Caller, params: Json) -> Json:
    owner = (caller.account, caller.region)
    missing = [name for name in params["RuleNames"] if not rows.delete(tx, INSIGHT_RULE, *owner, name)]
    return {"Failures": [_failure(name) for name in missing]}


OPERATIONS: Mapping[str, Operation] = {
    "PutInsightRule": Operation(write=_put),
    "DescribeInsightRules": Operation(read=_describe),
    "EnableInsightRules": Operation(write=partial(_set_state, state=ENABLED)),
    "DisableInsightRules": Operation(write=partial(_set_state, state=DISABLED)),
    "DeleteInsightRules": Operation(write=_delete),
}
