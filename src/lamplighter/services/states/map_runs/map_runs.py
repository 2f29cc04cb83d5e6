"""Implement DescribeMapRun, ListMapRuns and UpdateMapRun.

See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states.arns import PAGES, state_machine_of
from lamplighter.services.states.lookup import find_execution, find_map_run
from lamplighter.services.states.map_runs.child_executions import COUNTER_COLUMNS
from lamplighter.services.states.map_runs.map_run_driver import MapRunDriver
from lamplighter.services.states.tables import map_runs as rows
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import states as aws

API_COUNT_NAMES = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timedOut", "ABORTED": "aborted"}


class MapRuns:
    """The Map Run operations of the API."""

    def __init__(self, driver: MapRunDriver) -> None:
        self._driver = driver

    def describe(self, reader: Reader, _caller: Caller, params: "aws.DescribeMapRunInput") -> Json:
        """Handle DescribeMapRun."""
        run = find_map_run(reader, params["mapRunArn"])
        executions = {status: getattr(run, column) for status, column in COUNTER_COLUMNS.items()}
        description: Json = {
            "mapRunArn": run.arn,
            "executionArn": run.parent,
            "status": run.status,
            "startDate": run.start / 1000,
            "maxConcurrency": run.concurrency,
            "toleratedFailurePercentage": run.tolerated_percentage or 0,
            "toleratedFailureCount": run.tolerated_count or 0,
            "itemCounts": _counts(run, rows.item_counts(reader, run.id), run.total, run.taken),
            "executionCounts": _counts(run, executions, run.started, run.started),
            "redriveCount": run.redrives,
        }
        dates = (("stopDate", run.stop), ("redriveDate", run.redriven))
        return description | {name: date / 1000 for name, date in dates if date is not None}

    def list(self, reader: Reader, _caller: Caller, params: "aws.ListMapRunsInput") -> Json:
        """Handle ListMapRuns."""
        parent = find_execution(reader, params["executionArn"]).arn
        return PAGES.page(
            "mapRuns", params, 0, partial(rows.runs_of_execution, reader, parent), _item, lambda run: run.id
        )

    def update(self, tx: Tx, _caller: Caller, params: "aws.UpdateMapRunInput") -> None:
        """Handle UpdateMapRun: "updates an in-progress Map Run's configuration"."""
        run = find_map_run(tx, params["mapRunArn"])
        changed = replace(
            run,
            concurrency=params.get("maxConcurrency", run.concurrency),
            tolerated_count=params.get("toleratedFailureCount", run.tolerated_count),
            tolerated_percentage=params.get("toleratedFailurePercentage", run.tolerated_percentage),
        )
        rows.update(tx, changed)
        self._driver.continue_soon(tx, run.id)


def _counts(run: MapRun, by_status: Mapping[str, int], total: int, started: int) -> Json:
    """Return the numbers of items or of executions by their status."""
    ended = {name: by_status.get(status, 0) for status, name in API_COUNT_NAMES.items()}
    ended_total = sum(ended.values())
    return {
        "pending": total - started,
        "running": started - ended_total,
        "total": total,
        **ended,
        "resultsWritten": ended_total if run.written else 0,
        "failuresNotRedrivable": 0,
        "pendingRedrive": ended_total - ended["succeeded"] if run.stage == "REDRIVE" else 0,
    }


def _item(run: MapRun) -> Json:
    item = {
        "executionArn": run.parent,
        "mapRunArn": run.arn,
        "stateMachineArn": f"{state_machine_of(run.parent)}/{run.label}",
        "startDate": run.start / 1000,
    }
    return item if run.stop is None else item | {"stopDate": run.stop / 1000}
