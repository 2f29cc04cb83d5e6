"""Implement ListMapRunItems and CountMapRunStates: what a Map Run's items did, for the console.

AWS has neither: it lists child executions by the time of their start, without index, input and error, and does not say
in which of their states they are. Both read a bounded part of the database, however many items there are.
"""

from collections import Counter

from lamplighter.base.json_text import Json, loads_or
from lamplighter.bus import Caller
from lamplighter.services.states.lookup import find_map_run
from lamplighter.services.states.tables import history
from lamplighter.services.states.tables import map_run_items as rows
from lamplighter.services.states.tables.map_run_items import MapRunItem
from lamplighter.store.db import Reader

KINDS = {"RUNNING": "running", "FAILED": "failed", "TIMED_OUT": "failed", "ABORTED": "aborted", "SUCCEEDED": "passed"}
"""The kind of an item in the state that its child execution entered last, by the child's status."""
MAX_PAGE = 200
MAX_CHILDREN, MAX_HISTORY_LENGTH = 300, 2_000_000
"""The most child executions whose histories are read at once, and the most characters of them."""


def list_items(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListMapRunItems: return a page of items in their order, or the one with an index."""
    run = find_map_run(reader, params["mapRunArn"])
    status, index = params.get("status"), params.get("index")
    found = rows.select_items(
        reader, run.id, (status,) if status else (), index, min(params["limit"], MAX_PAGE), params.get("skip", 0)
    )
    return {"items": [_describe_item(each) for each in found]}


def _describe_item(item: MapRunItem) -> Json:
    described: Json = {"index": item.first, "itemCount": item.count, "status": item.status}
    known: Json = {
        "executionArn": item.arn,
        "startDate": None if item.start is None else item.start / 1000,
        "stopDate": None if item.stop is None else item.stop / 1000,
        "input": item.input,
        "inputLength": item.input_length,
        "error": item.error,
        "cause": item.cause,
    }
    if item.result is not None:
        known |= _describe_result(item.result)
    return described | {name: value for name, value in known.items() if value is not None}


def _describe_result(text: str) -> Json:
    """Describe a child execution by its result, which describes one that failed."""
    result = loads_or(text, {})
    if not isinstance(result, dict) or "Error" not in result:
        return {}
    given = str(result.get("Input", ""))
    shown = given if len(given) <= rows.MAX_INPUT_LENGTH else None
    return {"input": shown, "inputLength": len(given), "error": result["Error"], "cause": result.get("Cause")}


def count_states(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle CountMapRunStates: count, by state, the items that run, failed or were stopped in it, or passed it.

    Counts running and unsuccessful children first, then the latest successful ones. `complete` tells of each kind
    whether all its children are counted. Express children have no history, so that the answer is empty.
    """
    run = find_map_run(reader, params["mapRunArn"])
    if run.express:
        return {}
    counts = {kind: Counter[str]() for kind in KINDS.values()}
    read, length = 0, 0
    for status, kind in KINDS.items():
        for execution in rows.latest_children(reader, run.id, status, MAX_CHILDREN - read):
            if length > MAX_HISTORY_LENGTH:
                break
            texts = list(history.texts(reader, execution))
            read, length = read + 1, length + sum(map(len, texts))
            entered = _entered_states(texts)
            if kind != "passed" and entered:
                counts[kind][entered.pop()] += 1
            counts["passed"].update(set(entered))
    totals = {"running": run.started - run.ended, "failed": run.failed + run.timed_out, "aborted": run.aborted}
    complete = {kind: counts[kind].total() >= total for kind, total in totals.items()}
    return {**counts, "complete": complete | {"passed": read >= run.started}}


def _entered_states(texts: list[str]) -> list[str]:
    """Return the states that a history entered, in order; the last one is where the execution is, or ended."""
    lines = (line for text in texts for line in text.split("\n") if "StateEntered" in line)
    events = (loads_or(line, {}) for line in lines)
    return [each["stateEnteredEventDetails"]["name"] for each in events if "stateEnteredEventDetails" in each]
