"""A run with a log of any lines, and what the console's pages of the log show."""

import re
from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.store.db import Tx
from tests.console.http_browser import Browser
from tests.engine_harness import EngineHarness, chain
from tests.fake_runtime import Script

GROUP = "/night"
OPTIONS = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "job"}
LINE = re.compile('<div class="l([^"]*)" id="L([^"]+)">.*?<span class="m">(.*?)</span></div>', re.DOTALL)


def start_run(harness: EngineHarness, *lines: str, running: bool = False, code: int = 0) -> str:
    """Run a job with one container that writes these lines, and return the ARN of the run."""
    harness.call("ecs", "CreateCluster")
    logging = {"logDriver": "awslogs", "options": {**OPTIONS, "awslogs-create-group": "true"}}
    container = {"name": "main", "image": "busybox", "memory": 128, "logConfiguration": logging}
    defined = harness.call("ecs", "RegisterTaskDefinition", family="job", containerDefinitions=[container])
    written = tuple(("stdout", each) for each in lines)
    harness.runtime.script(Script(code=code, lines=written, after=None if running else 0))  # type: ignore[arg-type]
    parameters = {"TaskDefinition": defined["taskDefinition"]["taskDefinitionArn"]}
    state: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters}
    run = harness.start(harness.machine(chain(state), "nightly"))
    harness.settle()
    return run


def stream_names(harness: EngineHarness) -> dict[str, str]:
    """Return the parameters that name the log stream of the last container."""
    listed = harness.call("logs", "DescribeLogStreams", logGroupName=GROUP, orderBy="LastEventTime", descending=True)
    return {"logGroupName": GROUP, "logStreamName": listed["logStreams"][0]["logStreamName"]}


def put_lines(harness: EngineHarness, lines: Sequence[str], *, age: int = 0) -> None:
    """Add lines to the log of the last container, all of the present millisecond."""
    now = harness.clock.now() - age
    for at in range(0, len(lines), 1000):
        events = [{"timestamp": now, "message": each} for each in lines[at : at + 1000]]
        harness.call("logs", "PutLogEvents", **stream_names(harness), logEvents=events)


def forget_numbers(harness: EngineHarness) -> None:
    """Leave what the upgrade of a database of an earlier version leaves: lines without numbers."""

    def forget(tx: Tx) -> None:
        tx.execute("UPDATE log_streams SET lines = NULL")
        tx.execute("UPDATE log_chunks SET line = NULL")

    harness.run(harness.engine.store.write_with_retry(forget))


def shown_lines(body: str) -> list[tuple[str, str]]:
    """Return the ids and the texts, as HTML, of the lines on a page."""
    return [(found[2], found[3]) for found in LINE.finditer(body)]


def texts(body: str) -> list[str]:
    return [re.sub("<[^>]+>", "", text) for _, text in shown_lines(body)]


def cursor(body: str, name: str) -> str:
    """Return the line before or after which there are more lines; empty if there are none."""
    found = re.search(f'data-{name}="([^"]*)"', body)
    assert found is not None
    return found[1]


def read_all(browser: Browser, url: str, *, forward: bool) -> list[str]:
    """Return the texts of all parts of a log, in one direction; the gaps between lines are `⋯`."""
    body = browser.get(f"{url}&at={'first' if forward else 'last'}").body
    found = items(body)
    while following := cursor(body, "later" if forward else "earlier"):
        body = browser.get(f"{url}&{'after' if forward else 'before'}={following}").body
        found = [*found, *items(body)] if forward else [*items(body), *found]
    return found


def items(body: str) -> list[str]:
    """Return the texts of the lines and gaps of a part."""
    found = re.findall('<span class="m">(.*?)</span></div>|(⋯)</div>', body, re.DOTALL)
    return [re.sub("<[^>]+>", "", text) or gap for text, gap in found]
