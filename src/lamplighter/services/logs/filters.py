"""Store and list metric filters and subscription filters, and test filter patterns (TestMetricFilter).

"The maximum number of metric filters that can be associated with a log group is 100"; "each log group can have up to
two subscription filters". `metric_extraction.py` counts what metric filters match. The engine delivers nothing to the
destination of a subscription filter, because it has none of those services. PutSubscriptionFilter logs a warning.
"""

import logging
import re
from collections.abc import Sequence
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.base.precompute import LARGE_TEXT_LENGTH
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.services.logs.errors import InvalidParameter, LimitExceeded, NotFound
from lamplighter.services.logs.filter_destinations import check_destination, check_transformation
from lamplighter.services.logs.lookup import PAGES, find_group
from lamplighter.services.logs.search_events import compile_filter
from lamplighter.services.logs.tables import filters
from lamplighter.services.logs.tables.filters import Kind
from lamplighter.store.db import Reader, Tx

MAX_FILTERS: dict[Kind, int] = {"metric": 100, "subscription": 2}
REGULAR_EXPRESSION = re.compile(r'"(?:[^"\\]|\\.)*"|(%[^%]*%)')
MAX_EXPRESSIONS = 5
"""The most regular expressions in the filter patterns of one log group."""

METRIC_FIELDS = (
    "metricTransformations",
    "applyOnTransformedLogs",
    "fieldSelectionCriteria",
    "emitSystemFieldDimensions",
)
SUBSCRIPTION_FIELDS = (
    *("destinationArn", "roleArn", "distribution", "applyOnTransformedLogs", "fieldSelectionCriteria"),
    "emitSystemFields",
)

log = logging.getLogger("lamplighter.logs")


def put_metric_filter(tx: Tx, caller: Caller, params: Json) -> None:
    """Create or replace a metric filter (`PutMetricFilter`)."""
    for made in params["metricTransformations"]:
        check_transformation(made, params.get("emitSystemFieldDimensions", ()))
    made = [_with_decimal_default(each) for each in params["metricTransformations"]]
    given = params | {"metricTransformations": made}
    _put(tx, caller, "metric", given, {"applyOnTransformedLogs": False}, METRIC_FIELDS)


def _with_decimal_default(transformation: Json) -> Json:
    """Return a metric transformation as AWS shows it: its default value is a Double, so 0 is 0.0."""
    if "defaultValue" not in transformation:
        return transformation
    return transformation | {"defaultValue": float(transformation["defaultValue"])}


def put_subscription_filter(tx: Tx, caller: Caller, params: Json) -> None:
    """Create or replace a subscription filter (`PutSubscriptionFilter`)."""
    check_destination(caller, params)
    defaults = {"distribution": "ByLogStream", "applyOnTransformedLogs": False}
    _put(tx, caller, "subscription", params, defaults, SUBSCRIPTION_FIELDS)
    name, group, destination = params["filterName"], params["logGroupName"], params["destinationArn"]
    warning = "subscription filter %s of %s is stored, but this engine delivers nothing to %s"
    tx.after_commit.append(lambda: log.warning(warning, name, group, destination))


def _put(tx: Tx, caller: Caller, kind: Kind, params: Json, defaults: Json, members: Sequence[str]) -> None:
    compile_filter(params["filterPattern"])
    group, name = find_group(tx, caller, params["logGroupName"]), params["filterName"]
    existing = filters.get(tx, group.id, kind, name)
    if existing is None and filters.count(tx, group.id, kind) >= MAX_FILTERS[kind]:
        raise LimitExceeded
    _check_expressions(tx, group.id, kind, params)
    body = {
        "filterName": name,
        "logGroupName": group.name,
        "filterPattern": params["filterPattern"],
        "creationTime": tx.now if existing is None else existing["creationTime"],
        **defaults,
        **{member: params[member] for member in members if member in params},
    }
    filters.put(tx, group.id, kind, name, body)


def describe_metric_filters(reader: Reader, caller: Caller, params: Json) -> Json:
    """List metric filters of a group, or of all groups, optionally by their metric (`DescribeMetricFilters`)."""
    name, namespace = params.get("metricName"), params.get("metricNamespace")
    if (name is None) != (namespace is None):
        raise InvalidParameter("metricName and metricNamespace must be specified together.")
    if "logGroupName" in params:
        found, token = _page(reader, caller, "metric", params)
    else:
        found, token = _page_of_all(reader, caller, params)
    if name is not None:
        found = [body for body in found if _has_metric(body, name, namespace)]
    return {"metricFilters": found} | token


def describe_subscription_filters(reader: Reader, caller: Caller, params: Json) -> Json:
    """List the subscription filters of a group (`DescribeSubscriptionFilters`)."""
    found, token = _page(reader, caller, "subscription", params)
    return {"subscriptionFilters": found} | token


def delete_filter(kind: Kind, tx: Tx, caller: Caller, params: Json) -> None:
    """Delete a filter of this kind (`DeleteMetricFilter`, `DeleteSubscriptionFilter`)."""
    group = find_group(tx, caller, params["logGroupName"])
    if not filters.delete(tx, group.id, kind, params["filterName"]):
        raise NotFound(f"{kind} filter")


def run_pattern_test(_reader: Reader, _caller: Caller, params: Json) -> Json:
    """Return which of the given messages match a pattern (`TestMetricFilter`)."""
    return {"matches": params[PREPARED] if PREPARED in params else _matches(params)}


def prepare_pattern_test(_reader: Reader, _caller: Caller, params: Json) -> Work | None:
    """Return the matching for `TestMetricFilter` to do ahead in a thread, or None if the messages are short."""
    large = sum(map(len, params["logEventMessages"])) > LARGE_TEXT_LENGTH
    return (lambda: Prepared(_matches(params))) if large else None


def _matches(params: Json) -> Json:
    match = compile_filter(params["filterPattern"])
    found = [(number, message, match(message)) for number, message in enumerate(params["logEventMessages"], 1)]
    return [
        {"eventNumber": number, "eventMessage": message, "extractedValues": dict(values)}
        for number, message, values in found
        if values is not None
    ]


def _check_expressions(reader: Reader, group: int, kind: Kind, params: Json) -> None:
    """Raise `LimitExceeded` if the group would have more than `MAX_EXPRESSIONS` regular expressions."""
    others = [
        body["filterPattern"]
        for each in MAX_FILTERS
        for body in filters.page(reader, group, each, "", "", MAX_FILTERS[each])
        if (each, body["filterName"]) != (kind, params["filterName"])
    ]
    new = _count_expressions(params["filterPattern"])
    if new and new + sum(map(_count_expressions, others)) > MAX_EXPRESSIONS:
        raise LimitExceeded


def _count_expressions(pattern: str) -> int:
    return sum(bool(found[1]) for found in REGULAR_EXPRESSION.finditer(pattern))


def _page(reader: Reader, caller: Caller, kind: Kind, params: Json) -> tuple[Sequence[Json], Json]:
    group = find_group(reader, caller, params["logGroupName"])
    read = partial(filters.page, reader, group.id, kind, params.get("filterNamePrefix", ""))
    return PAGES.cut(params, "", read, lambda body: str(body["filterName"]))


def _page_of_all(reader: Reader, caller: Caller, params: Json) -> tuple[Sequence[Json], Json]:
    prefix, owner = params.get("filterNamePrefix", ""), (caller.account, caller.region)
    examined, token = PAGES.cut(
        params,
        ["", ""],
        lambda place, most: filters.page_of_all(reader, owner, "metric", (place[0], place[1]), most),
        lambda body: [body["logGroupName"], body["filterName"]],
    )
    return [body for body in examined if body["filterName"].startswith(prefix)], token


def _has_metric(body: Json, name: str, namespace: str) -> bool:
    return any(
        (each["metricName"], each["metricNamespace"]) == (name, namespace) for each in body["metricTransformations"]
    )
