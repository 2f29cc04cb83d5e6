"""Implement dashboards: they are checked, stored and shown.

Dashboards are global: each region shows all of an account. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html, and
https://github.com/aws/aws-cdk/issues/2976 for AWS's answer to a wrong name.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch import arns
from lamplighter.services.cloudwatch.arns import dashboard_arn
from lamplighter.services.cloudwatch.errors import (
    DashboardNotFound,
    InvalidDashboard,
    InvalidParameterValue,
)
from lamplighter.services.cloudwatch.resources.dashboard_body import check_body
from lamplighter.services.cloudwatch.resources.tag_rules import RULES as TAG_RULES
from lamplighter.services.cloudwatch.tables import monitoring_resources as rows
from lamplighter.services.cloudwatch.tables.monitoring_resources import MonitoringResource
from lamplighter.store.db import Reader, Tx

DASHBOARD = "dashboard"
GLOBAL = ""
"""The region of dashboards."""
PAGES = replace(arns.PAGES, default_size=1_000)
_NAME = re.compile(r"[A-Za-z0-9_-]+")
MAX_NAME = 255


def put_dashboard(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle PutDashboard."""
    name, text = params["DashboardName"], params["DashboardBody"]
    if _NAME.fullmatch(name) is None:
        raise InvalidParameterValue(
            f"The value {name} for field DashboardName contains invalid characters. "
            "It can only contain alphanumerics, dash (-) and underscore (_)."
        )
    if len(name) > MAX_NAME:
        raise InvalidDashboard(f"The value for field DashboardName must not have more than {MAX_NAME} characters.")
    check_body(text)
    old = rows.get(tx, DASHBOARD, caller.account, GLOBAL, name)
    tags = old.tags if old is not None else TAG_RULES.read(params.get("Tags"))
    body = {"text": text, "modified": tx.now}
    rows.put(tx, MonitoringResource(DASHBOARD, caller.account, GLOBAL, name, body, tags))
    return {"DashboardValidationMessages": []}


def get_dashboard(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle GetDashboard."""
    name = params["DashboardName"]
    found = require(
        rows.get(reader, DASHBOARD, caller.account, GLOBAL, name),
        lambda: DashboardNotFound(f"Dashboard {name} does not exist"),
    )
    return {
        "DashboardArn": dashboard_arn(caller, name),
        "DashboardBody": found.body["text"],
        "DashboardName": name,
    }


def list_dashboards(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListDashboards."""
    prefix = params.get("DashboardNamePrefix", "")

    def read(after: str, _most: int) -> Iterator[MonitoringResource]:
        return rows.list_all(reader, DASHBOARD, caller.account, GLOBAL, after=after, prefix=prefix)

    return PAGES.page("DashboardEntries", params, "", read, lambda each: _entry(caller, each), lambda each: each.name)


def _entry(caller: Caller, dashboard: MonitoringResource) -> Json:
    return {
        "DashboardArn": dashboard_arn(caller, dashboard.name),
        "DashboardName": dashboard.name,
        "LastModified": dashboard.body["modified"] / 1000,
        "Size": len(dashboard.body["text"].encode()),
    }


def delete_dashboards(tx: Tx, caller: Caller, params: Json) -> None:
    """Delete the named dashboards that exist; raise an error if none does."""
    names = params["DashboardNames"]
    deleted = [name for name in names if rows.delete(tx, DASHBOARD, caller.account, GLOBAL, name)]
    if names and not deleted:
        raise DashboardNotFound(f"Dashboard {names[0]} does not exist")
