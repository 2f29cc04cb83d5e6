"""Implement metric streams: they are stored and shown, and started and stopped, but nothing is sent.

A stream sends to Amazon Data Firehose, which this engine does not have; the log says so. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricStream.html.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller, Operation
from lamplighter.services.cloudwatch.arns import resource_arn
from lamplighter.services.cloudwatch.errors import InvalidCombination, ResourceNotFoundException
from lamplighter.services.cloudwatch.resources.resource_pages import page_start, resource_page
from lamplighter.services.cloudwatch.resources.tag_rules import RULES as TAG_RULES
from lamplighter.services.cloudwatch.tables import monitoring_resources as rows
from lamplighter.services.cloudwatch.tables.monitoring_resources import MonitoringResource
from lamplighter.store.db import Reader, Tx

METRIC_STREAM = "metric-stream"
PAGE = 500
SETTINGS = (
    *("IncludeFilters", "ExcludeFilters", "FirehoseArn", "RoleArn", "OutputFormat", "StatisticsConfigurations"),
    "IncludeLinkedAccountsMetrics",
)
ENTRY_FIELDS = ("Arn", "CreationDate", "LastUpdateDate", "Name", "FirehoseArn", "State", "OutputFormat")
RUNNING, STOPPED = "running", "stopped"

log = logging.getLogger("lamplighter.cloudwatch")


def _put(tx: Tx, caller: Caller, params: Json) -> Json:
    name = params["Name"]
    if params.get("IncludeFilters") and params.get("ExcludeFilters"):
        raise InvalidCombination("IncludeFilters and ExcludeFilters cannot both be specified.")
    old = _find(tx, caller, name)
    created = old.body["created"] if old is not None else tx.now
    state = old.body["state"] if old is not None else RUNNING
    tags = old.tags if old is not None else TAG_RULES.read(params.get("Tags"))
    settings = {each: params[each] for each in SETTINGS if each in params}
    body = {"settings": settings, "state": state, "created": created, "updated": tx.now}
    rows.put(tx, MonitoringResource(METRIC_STREAM, caller.account, caller.region, name, body, tags))
    tx.after_commit.append(lambda: log.warning("metric stream %s: this engine sends no metrics to Firehose", name))
    return {"Arn": resource_arn(caller, METRIC_STREAM, name)}


def _find(reader: Reader, caller: Caller, name: str) -> MonitoringResource | None:
    return rows.get(reader, METRIC_STREAM, caller.account, caller.region, name)


def _get(reader: Reader, caller: Caller, params: Json) -> Json:
    name = params["Name"]
    found = _find(reader, caller, name)
    return _show(caller, require(found, lambda: ResourceNotFoundException(f"MetricStream {name} does not exist")))


def _show(caller: Caller, stream: MonitoringResource) -> Json:
    body = stream.body
    return {
        "Arn": resource_arn(caller, METRIC_STREAM, stream.name),
        "Name": stream.name,
        "State": body["state"],
        "CreationDate": body["created"] / 1000,
        "LastUpdateDate": body["updated"] / 1000,
        "IncludeLinkedAccountsMetrics": False,
        **body["settings"],
    }


def _entry(caller: Caller, stream: MonitoringResource) -> Json:
    shown = _show(caller, stream)
    return {name: shown[name] for name in ENTRY_FIELDS}


def _list(reader: Reader, caller: Caller, params: Json) -> Json:
    found = rows.list_all(reader, METRIC_STREAM, caller.account, caller.region, page_start(params))
    return resource_page("Entries", found, params.get("MaxResults", PAGE), lambda each: _entry(caller, each))


def _set_state(tx: Tx, caller: Caller, params: Json, *, state: str) -> None:
    for name in params["Names"]:
        found = _find(tx, caller, name)
        if found is not None:
            rows.put(tx, replace(found, body=found.body | {"state": state, "updated": tx.now}))


def _delete(tx: Tx, caller: Caller, params: Json) -> None:
    rows.delete(tx, METRIC_STREAM, caller.account, caller.region, params["Name"])


OPERATIONS: Mapping[str, Operation] = {
    "PutMetricStream": Operation(write=_put),
    "GetMetricStream": Operation(read=_get),
    "ListMetricStreams": Operation(read=_list),
    "StartMetricStreams": Operation(write=partial(_set_state, state=RUNNING)),
    "StopMetricStreams": Operation(write=partial(_set_state, state=STOPPED)),
    "DeleteMetricStream": Operation(write=_delete),
}
