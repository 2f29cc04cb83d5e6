"""Show a run: its state machine as a coloured graph, its attempts, and buttons to stop, redrive or repeat it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import PlainTextResponse, Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.console.data.action_subject import Subject
from lamplighter.console.data.runs import history, map_progress
from lamplighter.console.data.runs.map_failure import explain_items
from lamplighter.console.data.runs.run_actions import AGAIN, ActionRequest, act
from lamplighter.console.data.runs.run_again import Repeated, find_repeated
from lamplighter.console.data.runs.waiting_runs import describe_run
from lamplighter.console.data.runs.waits import read_waits
from lamplighter.console.data.tasks import container_output
from lamplighter.console.page import Page, form_route, page_route
from lamplighter.console.pages import confirmation
from lamplighter.console.view.runs import graph, run_title, state_panel, timeline
from lamplighter.console.view.runs.graph_states import build_graph_states
from lamplighter.console.view.start_commands import CopiedCommand, start_commands
from lamplighter.runs.failures.failure_words import explain_failure
from lamplighter.runs.history.map_items import step_of
from lamplighter.runs.history.story import Story
from lamplighter.runs.jobs.job_definition import read_late
from lamplighter.runs.jobs.job_machine import is_made_from_job_file
from lamplighter.runs.jobs.skipped_runs import runs_that_caused_skip
from lamplighter.runs.redrive_outcome import redrive_objection
from lamplighter.runs.run import FAILED_STATUSES, IDLE, WAITING, is_late, is_running, run_seconds
from lamplighter.wire.access.roles import Role


@dataclass(frozen=True, slots=True)
class RunData:
    """An execution with its definition and complete history."""

    about: Json
    """The execution as DescribeExecution returns it."""
    definition: Json
    events: Sequence[Json]
    story: Story

    @property
    def arn(self) -> str:
        """The ARN of the execution."""
        return str(self.about["executionArn"])

    @property
    def running(self) -> bool:
        """Whether the run is still running."""
        return is_running(self.about["status"])

    @property
    def about_with_idle(self) -> Json:
        """The execution, with the time between its parts."""
        return self.about | {IDLE: self.story.idle / 1000}


async def read_run(page: Page, arn: str | None = None) -> RunData:
    """Read a run, by default the one that the page shows."""
    arn = arn or page.arn
    about = await describe_run(page, arn)
    events = await history.read_history(page, arn)
    return RunData(about, await read_definition(page, arn), events, await history.load_story(events))


def machine_of(about: Json) -> str:
    """Return the state machine of a run; in that of a Map's run, a label follows its ARN."""
    found: str = about["stateMachineArn"]
    return found.partition("/")[0]


async def read_definition(page: Page, arn: str) -> Json:
    """Read the definition that a run uses, which may be older than the state machine's present one."""
    found = await page.call("states", "DescribeStateMachineForExecution", executionArn=arn)
    return loads_or(found["definition"], {})


async def show(page: Page) -> Response:
    """Show the run; of a Map Run, show the items."""
    if ":mapRun:" in page.arn:
        return page.redirect(f"{page.url}/items")
    run = await read_run(page)
    shown = {**await live_values(page, run), **await panel_values(page, run)}
    return await page.render("run.html", **shown, graph=graph.block_graph(run.definition))


def chosen_items(page: Page) -> Sequence[str]:
    """Return the chosen items of inline Maps, such as `Files[3]`: those of the query, and the one of its index."""
    state, index = page.query("state"), page.query_number("index")
    chosen = page.request.query_params.getlist("item")
    return chosen if state is None or index is None else [*chosen, step_of(state, index)]


def item_query(steps: Sequence[str]) -> str:
    """Return the part of a query that chooses items: empty, or with a leading `&`."""
    return "".join(f"&item={quote(step, safe='')}" for step in steps)


async def panel_values(page: Page, run: RunData) -> Mapping[str, Json]:
    """Return the template values of the panel beside the graph.

    The panel shows one state, or the whole run with the reason of its failure.
    """
    steps = chosen_items(page)
    found = state_panel.build_panel(page, run.events, run.story, run.about, run.definition, steps)
    failure = await explain_items(page, explain_failure(run.story, run.definition)) if found.state is None else None
    attempt = None if failure is None else failure.attempt
    return {
        "detail": found,
        "steps": steps,
        "item_query": item_query(steps),
        "failure": failure,
        "last_lines": () if attempt is None else await container_output.read_last_lines(page, attempt),
        "skipped_for": runs_that_caused_skip(run.about.get("output")),
    }


async def live_values(page: Page, run: RunData) -> Mapping[str, Json]:
    """Return the template values of the parts that change while the run is running."""
    now = page.console.world.now()
    from_job_file = is_made_from_job_file(run.definition)
    steps, maps = chosen_items(page), await map_progress.read_map_progress(page, run.story)
    return {
        "run": run,
        "about": run.about_with_idle,
        "named": run_title.name_run(run.about, page.clock, page.names),
        "arn": run.arn,
        "now": now / 1000,
        "late": read_late(run.definition),
        "is_late": is_late(run_seconds(run.about_with_idle, now / 1000), read_late(run.definition)),
        "futile": redrive_objection(run.events, run.definition),
        "states": build_graph_states(run.story, run.definition, steps, maps),
        "item_query": item_query(steps),
        "chart": timeline.build_timeline(
            run.story, run.definition, now, page.query_number("after") or 0, waits=run.about["status"] == WAITING
        ),
        "skipped_for": runs_that_caused_skip(run.about.get("output")),
        "attempts": [each for each in run.story.attempts if not (from_job_file and each.supporting)],
        "maps": maps,
        "commands": _commands(page, run.about),
        "repeated": await _read_repeated(page, run),
        "waits": await read_waits(page, run.story),
    }


async def _read_repeated(page: Page, run: RunData) -> Repeated | None:
    """Return the run's repetitions; None if they are not known: on AWS, a run under way is read too often to ask."""
    if "mapRunArn" in run.about or (run.running and page.port.endpoint is None):
        return None
    return await find_repeated(page, Subject(run.arn, run.about))


def _commands(page: Page, about: Json) -> Sequence[CopiedCommand]:
    """Return the commands that start a run like this one; none for the run of a Map."""
    return () if "mapRunArn" in about else start_commands(about, page.place.region, page.port.endpoint)


async def show_panel(page: Page) -> Response:
    """Show the panel for one state or for the whole run."""
    run = await read_run(page)
    return await page.render("detail.html", arn=run.arn, **await panel_values(page, run))


async def show_document(page: Page) -> Response:
    """Return a long document as text: the run's `input` or `output`, or an event by its ID."""
    what = page.query("of") or "input"
    if what in ("input", "output"):
        about = await page.call("states", "DescribeExecution", executionArn=page.arn)
        found = about.get(what)
    else:
        event = await history.read_event(page, page.arn, page.query_number("of") or 0)
        found = None if event is None else dumps(event)
    if found is None:
        raise AwsError(f"This run has no document '{what}'", code="NotFound", status=404)
    return PlainTextResponse(page.console.templates.format_masked(found))


async def stop_run(page: Page, given: Mapping[str, str]) -> Response:
    """Stop the run, once the visitor has confirmed it."""
    if not confirmation.is_confirmed(page, given):
        about = await page.call("states", "DescribeExecution", executionArn=page.arn)
        name = run_title.name_run(about, page.clock, page.names).heading
        return await confirmation.ask(page, f"Stop {name}?", "Its containers are stopped now.", "Stop the run")
    await page.call("states", "StopExecution", executionArn=page.arn, error="Stopped", cause="Stopped in the console")
    return page.redirect(page.url)


async def redrive_run(page: Page, _given: Mapping[str, str]) -> Response:
    """Redrive the run: continue from where it failed. A run that was redriven meanwhile stays as it is.

    If the run was run again and that is under way, show it.
    """
    about = await page.call("states", "DescribeExecution", executionArn=page.arn)
    newest = (await find_repeated(page, Subject(page.arn, about))).newest
    if newest is not None and newest.running and newest.arn != page.arn:
        return page.redirect(page.console.templates.run_path(newest.arn))
    try:
        await page.call("states", "RedriveExecution", executionArn=page.arn)
    except AwsError as error:
        about = await page.call_or_none("states", "DescribeExecution", executionArn=page.arn)
        was_redriven = about and about.get("redriveCount") and about["status"] not in FAILED_STATUSES
        if error.code != "ExecutionNotRedrivable" or not was_redriven:
            raise
    return page.redirect(page.url)


async def start_again(page: Page, given: Mapping[str, str]) -> Response:
    """Start another run with the same input, or show the one that was started since the page was shown."""
    result = await act(page, ActionRequest(AGAIN), given.get("newest") or page.arn)
    if result.started is None:
        raise AwsError(f"The run cannot be started again: {result.words}.", code="CannotStart")
    return page.redirect(page.console.templates.run_path(result.started))


ROUTES = (
    form_route("/runs/{arn:path}/stop", stop_run, needs=Role.RUN),
    form_route("/runs/{arn:path}/redrive", redrive_run, needs=Role.RUN),
    form_route("/runs/{arn:path}/again", start_again, needs=Role.RUN),
    page_route("/runs/{arn:path}/detail", show_panel),
    page_route("/runs/{arn:path}/document", show_document),
    page_route("/runs/{arn:path}", show),
)
