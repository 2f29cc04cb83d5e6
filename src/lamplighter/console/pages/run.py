"""A run: its state machine as a graph coloured by what happened, its attempts, and what can be done about it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import PlainTextResponse, Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.console.data import history, skipped_runs
from lamplighter.console.page import Page, acts, shows
from lamplighter.console.view import failure_reason, graph, headline, run_duration, state_panel, timeline
from lamplighter.console.view.durations import IDLE
from lamplighter.console.view.masking import masked
from lamplighter.console.view.state_status import broken, standings
from lamplighter.runs.job_machine import is_ours
from lamplighter.runs.redrive_outcome import futile
from lamplighter.runs.story import Story

OVER = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
LONGEST = 4_000
"""Characters of an input on a command line."""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution, read whole."""

    about: Json
    """As DescribeExecution has it."""
    definition: Json
    events: Sequence[Json]
    story: Story

    @property
    def arn(self) -> str:
        """Its name among all."""
        found: str = self.about["executionArn"]
        return found

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.about["status"] not in OVER

    @property
    def told(self) -> Json:
        """What is known of it, with the time between its parts."""
        return self.about | {IDLE: self.story.idle / 1000}


async def read(page: Page) -> Run:
    """The run that a page is about."""
    about = await page.call("states", "DescribeExecution", executionArn=page.arn)
    events = await history.whole(page, page.arn)
    return Run(about, await definition(page), events, await history.told(events))


async def definition(page: Page) -> Json:
    """What the run follows, which may be older than its state machine."""
    found = await page.call("states", "DescribeStateMachineForExecution", executionArn=page.arn)
    try:
        return loads(found["definition"])
    except JsonError:
        return {}


async def show(page: Page) -> Response:
    """The run"""
    run = await read(page)
    shown = {**await values(page, run), **await panel(page, run)}
    return await page.render("run.html", **shown, graph=graph.block(run.definition))


async def panel(page: Page, run: Run) -> Mapping[str, Json]:
    """What the panel beside the graph is filled with: one state, or the whole run with what made it fail."""
    found = state_panel.of(page, run.events, run.story, run.about, failure_reason.deadline(run.definition))
    failure = await headline.of(page, run.story, run.definition) if found.state is None else None
    return {"detail": found, "failure": failure, "skipped_for": skipped_runs.others(run.about)}


async def values(page: Page, run: Run) -> Mapping[str, Json]:
    """What the parts of the page are filled with that change while the run goes on."""
    now = page.console.world.now()
    left = broken(run.events)
    ours = is_ours(run.definition)
    return {
        "run": run,
        "about": run.told,
        "arn": run.arn,
        "now": now / 1000,
        "futile": futile(run.events, run.definition),
        "standings": standings(run.story, left),
        "chart": timeline.chart(run.story, run.definition, now, page.number("after") or 0, left),
        "skipped_for": skipped_runs.others(run.about),
        "attempts": [each for each in run.story.attempts if not (ours and each.supporting)],
        "maps": await maps(page, run),
        "command": command(page, run.about),
    }


async def maps(page: Page, run: Run) -> Sequence[Json]:
    """The Map Runs of a run, with how many of their items are done."""
    if not any(event["type"] == "MapRunStarted" for event in run.events):
        return []
    listed = await page.call("states", "ListMapRuns", executionArn=run.arn, maxResults=20)
    return [
        await page.call("states", "DescribeMapRun", mapRunArn=each["mapRunArn"]) | {"name": _label(each["mapRunArn"])}
        for each in listed["mapRuns"]
    ]


def _label(arn: str) -> str:
    return arn.rpartition("/")[2].partition(":")[0]


def command(page: Page, about: Json) -> str:
    """The command line that starts such a run.

    An input that is long, or holds what looks like a secret, is not in it: it is asked for when the line is run.
    """
    endpoint = page.console.port.endpoint
    where = ["--region", page.place.region, *(["--endpoint-url", endpoint] if endpoint else [])]
    starts = ["aws", "stepfunctions", "start-execution", *where, "--state-machine-arn", about["stateMachineArn"]]
    given = about.get("input", "{}")
    if len(given) <= LONGEST and not _has_secrets(given):
        return shlex.join([*starts, "--input", given])
    asks = ["aws", "stepfunctions", "describe-execution", *where, "--execution-arn", about["executionArn"]]
    asks += ["--query", "input", "--output", "text"]
    return f"{shlex.join(asks)} | {shlex.join([*starts, '--input', 'file:///dev/stdin'])}"


def _has_secrets(text: str) -> bool:
    try:
        document = loads(text)
    except JsonError:
        return False
    return bool(masked(document) != document)


async def part(page: Page) -> Response:
    """The panel that tells of one state, or of the whole run."""
    run = await read(page)
    return await page.render("detail.html", arn=run.arn, **await panel(page, run))


async def items(page: Page) -> Response:
    """The executions of a Map Run, a page at a time."""
    only = {"statusFilter": status} if (status := page.asked("status")) else {}
    token = {"nextToken": following} if (following := page.asked("next")) else {}
    listed = await page.call("states", "ListExecutions", mapRunArn=page.arn, maxResults=100, **only, **token)
    about = await page.call("states", "DescribeMapRun", mapRunArn=page.arn)
    now = page.console.world.now() / 1000
    return await page.render(
        "items.html",
        map=about | {"name": _label(page.arn)},
        executions=await run_duration.told(page, listed["executions"], page.console.port.reach),
        next=listed.get("nextToken"),
        now=now,
    )


async def document(page: Page) -> Response:
    """A document that is too long for a page, as text: the run's `input` or `output`, or an event by its number."""
    what = page.asked("of") or "input"
    if what in ("input", "output"):
        about = await page.call("states", "DescribeExecution", executionArn=page.arn)
        found = about.get(what)
    else:
        event = await history.one(page, page.arn, page.number("of") or 0)
        found = None if event is None else dumps(event)
    if found is None:
        raise AwsError(f"This run has no document '{what}'", code="NotFound", status=404)
    return PlainTextResponse(page.console.look.pretty(found))


async def stop(page: Page, _given: Mapping[str, str]) -> Response:
    """Stop the run."""
    await page.call("states", "StopExecution", executionArn=page.arn, error="Stopped", cause="Stopped in the console")
    return page.redirect(page.url)


async def redrive(page: Page, _given: Mapping[str, str]) -> Response:
    """Go on from where the run failed."""
    await page.call("states", "RedriveExecution", executionArn=page.arn)
    return page.redirect(page.url)


async def again(page: Page, _given: Mapping[str, str]) -> Response:
    """Start another run with the same input."""
    about = await page.call("states", "DescribeExecution", executionArn=page.arn)
    machine = about.get("stateMachineAliasArn") or about.get("stateMachineVersionArn") or about["stateMachineArn"]
    begun = await page.call("states", "StartExecution", stateMachineArn=machine, input=about.get("input", "{}"))
    return page.redirect(page.console.look.run(begun["executionArn"]))


ROUTES = (
    acts("/runs/{arn:path}/stop", stop),
    acts("/runs/{arn:path}/redrive", redrive),
    acts("/runs/{arn:path}/again", again),
    shows("/runs/{arn:path}/detail", part),
    shows("/runs/{arn:path}/document", document),
    shows("/runs/{arn:path}/items", items),
    shows("/runs/{arn:path}", show),
)
