"""Measure an engine that keeps a million executions: lists, the restart, and the memory.

An engine runs a few executions of each state machine. Copies of their rows, each with its own name and time, make the
million, because that takes a minute instead of ten. Afterwards the API has to describe and list copies as it does the
executions that really ran.
"""

import json
import random
import time
from itertools import product
from pathlib import Path

from bench.copy_executions import copy_executions, reserve_keys
from bench.engine_process import EngineProcess, memory_mib, read_metric_by_label, start_engine
from bench.http_client import Connection, open_connections, run_loop
from lamplighter.base.json_text import Json

MACHINES = 100
"""The first machine has half of the executions; the others share the rest."""
LISTS = 500
PAGE, MAX_PAGES = 100, 5
CHECKED_COPIES = 100
OUTCOMES = ("SUCCEEDED", "FAILED", "RUNNING")
DEFINITION = {
    "StartAt": "Decide",
    "States": {
        "Decide": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.outcome", "StringEquals": "FAILED", "Next": "Fail"},
                {"Variable": "$.outcome", "StringEquals": "RUNNING", "Next": "Wait"},
            ],
            "Default": "Succeed",
        },
        "Fail": {"Type": "Fail", "Error": "NoData", "Cause": "the file of the day is empty"},
        "Wait": {"Type": "Wait", "Seconds": 99_999_999, "Next": "Succeed"},
        "Succeed": {"Type": "Succeed"},
    },
}


def measure(folder: Path, executions: int) -> Json:
    """Return the p99 of lists in ms, the seconds of a restart, and the resident memory in MiB."""
    with start_engine(folder, "--quiet"):
        pass
    reserve_keys(folder, executions)
    with start_engine(folder, "--quiet") as engine:
        machines = _run_originals(engine)
    copy_executions(folder, machines, executions)
    started = time.perf_counter()
    with start_engine(folder, "--quiet") as engine:
        return run_loop(_measure(engine, machines, executions, started))


def _run_originals(engine: EngineProcess) -> list[str]:
    """Run one execution of each outcome on each state machine; return the machines' ARNs."""
    states = engine.client("stepfunctions")
    machines: list[str] = []
    for number in range(MACHINES):
        role = "arn:aws:iam::123456789012:role/bench"
        made = states.create_state_machine(name=f"bench-{number}", definition=json.dumps(DEFINITION), roleArn=role)
        machines.append(made["stateMachineArn"])
        for outcome in OUTCOMES:
            states.start_execution(stateMachineArn=machines[-1], input=json.dumps({"outcome": outcome}))
    while read_metric_by_label(engine, "lamplighter_executions").get("RUNNING") != MACHINES:
        time.sleep(0.05)
    return machines


async def _measure(engine: EngineProcess, machines: list[str], executions: int, started: float) -> Json:
    async with open_connections(engine, 1) as (connection,):
        await connection.call("states", "ListStateMachines", {})
        restart = time.perf_counter() - started
        seconds = sorted(await _time_lists(connection, machines))
        memory = memory_mib(engine.pid, "Rss")
        kept = sum(read_metric_by_label(engine, "lamplighter_executions").values())
        if kept != executions + len(OUTCOMES) * MACHINES:
            raise RuntimeError(f"the engine keeps {kept:.0f} executions")
        await _check_copies(connection, machines)
    return {"list_p99_ms": seconds[LISTS * 99 // 100] * 1000, "restart_s": restart, "rss_mib": memory}


async def _time_lists(connection: Connection, machines: list[str]) -> list[float]:
    """Return the seconds of lists: first and later pages, with and without a filter, of machines with many and few."""
    found: list[float] = []
    chosen = random.Random(1)
    while len(found) < LISTS:
        few = chosen.choice(machines[1:])
        for machine, outcome in product((machines[0], few), (None, "FAILED", "RUNNING")):
            params: Json = {"stateMachineArn": machine, "maxResults": PAGE}
            params |= {"statusFilter": outcome} if outcome else {}
            for _ in range(MAX_PAGES):
                started = time.perf_counter()
                answer = await connection.call("states", "ListExecutions", params)
                found.append(time.perf_counter() - started)
                if "nextToken" not in answer:
                    break
                params["nextToken"] = answer["nextToken"]
    return found[:LISTS]


async def _check_copies(connection: Connection, machines: list[str]) -> None:
    """Raise unless the API answers for copies what it answers for their originals, except for names and times."""
    for outcome in ("SUCCEEDED", "FAILED"):
        params = {"stateMachineArn": machines[0], "maxResults": CHECKED_COPIES, "statusFilter": outcome}
        listed = (await connection.call("states", "ListExecutions", params))["executions"]
        # The executions that really ran have the highest keys, so they are the first.
        original, *copies = [await _describe(connection, each["executionArn"]) for each in listed]
        if len(copies) != CHECKED_COPIES - 1 or any(each != original for each in copies):
            raise RuntimeError(f"the copies of {original} differ from it")


async def _describe(connection: Connection, arn: str) -> Json:
    """Return what the API tells about an execution, without its name and times."""
    params = {"executionArn": arn}
    described = await connection.call("states", "DescribeExecution", params)
    history = await connection.call("states", "GetExecutionHistory", params)
    if any(each["timestamp"] < described["startDate"] for each in history["events"]):
        raise RuntimeError(f"{arn} has events before its start")
    # An execution can be redriven for fourteen days.
    unlike = ("executionArn", "name", "startDate", "stopDate", "redriveStatus", "redriveStatusReason")
    events = [{**each, "timestamp": 0} for each in history["events"]]
    return {name: value for name, value in described.items() if name not in unlike} | {"events": events}
