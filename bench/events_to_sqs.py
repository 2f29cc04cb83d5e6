"""Measure EventBridge: events that a rule matches count when the queue that is its target holds them.

Each is on disk before its request is answered. Afterwards the queue must hold each event exactly once.
"""

import json
from pathlib import Path

from bench.engine_process import EngineProcess, start_engine
from bench.http_client import Connection, Stopwatch, open_connections, run_loop, share_work
from bench.message_queue import batches, check_each_once, create_queue
from lamplighter.base.json_text import Json

SOURCE = "bench.orders"


def measure(folder: Path, events: int, batch: int) -> Json:
    """Return the events per second, with `batch` events in a request."""
    with start_engine(folder, "--quiet") as engine:
        return run_loop(_measure(engine, events, batch))


async def _measure(engine: EngineProcess, events: int, batch: int) -> Json:
    queue, rules = create_queue(engine), engine.client("events")
    rules.put_rule(Name="bench", EventPattern=json.dumps({"source": [SOURCE]}))
    rules.put_targets(Rule="bench", Targets=[{"Id": "queue", "Arn": queue.arn}])
    async with open_connections(engine) as connections:
        with Stopwatch(engine) as watch:
            await share_work(connections, batches(events, batch), _put_events)
            await queue.wait_until_holds(connections[0], events)
        found = await queue.read_all(connections[0])
    check_each_once(found, events, lambda body: int(json.loads(body)["detail"]["number"]))
    return watch.result(events)


async def _put_events(connection: Connection, numbers: range) -> None:
    entries = [
        {"Source": SOURCE, "DetailType": "Order Placed", "Detail": json.dumps({"number": number})} for number in numbers
    ]
    answer = await connection.call("events", "PutEvents", {"Entries": entries})
    if answer["FailedEntryCount"]:
        raise RuntimeError(str(answer))
