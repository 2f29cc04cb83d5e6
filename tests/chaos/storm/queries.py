"""Queries of CloudWatch Logs Insights: each accepted one ends, and finds all lines acknowledged before it."""

import random
import time
from collections.abc import Callable

from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.ledger import Figures, Ledger, WorkItem
from tests.chaos.storm.resources import GROUP, Resources
from tests.served_engine import ServedEngine

QUERY = "stats count(*) as lines, count_distinct(@message) as messages"
HOUR = 3600


def start_query(calls: ClientCalls, _resources: Resources, name: str, _rng: random.Random) -> None:
    """Start a query, and remember how many lines it has to find."""
    acknowledged = len(list(calls.ledger.accepted_items("logs")))
    now = int(time.time())
    given = {"startTime": now - HOUR * 24, "endTime": now + HOUR, "queryString": QUERY}
    answer = calls.repeat((), "logs", "start_query", logGroupName=GROUP, **given)
    calls.ledger.record_acceptance(WorkItem("query", f"{name} {answer['queryId']}"), str(acknowledged))


def check_queries(
    served: ServedEngine, ledger: Ledger, figures: Figures, wait: Callable[[Callable[[], bool]], bool]
) -> None:
    """Wait for the end of each query and compare its result with the acknowledged lines."""
    logs = served.client("logs")
    for item, acknowledged in ledger.accepted_items("query"):
        found: Json = {}

        def ended(query: str = item.name.split()[1], found: Json = found) -> bool:
            try:
                found.update(logs.get_query_results(queryId=query))
            except ClientError as error:
                found["status"] = str(error)
            return found["status"] not in ("Running", "Scheduled")

        if not wait(ended):
            figures.stuck.append(f"{item}: {found['status']}")
        elif found["status"] != "Complete":
            figures.lost.append(f"{item}: {found['status']}")
        else:
            messages = {each["field"]: each["value"] for row in found["results"] for each in row}.get("messages", "0")
            if int(messages) < int(acknowledged):
                figures.lost.append(f"{item} found {messages} messages, and {acknowledged} were acknowledged before it")
