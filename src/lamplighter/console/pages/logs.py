"""Show the logs of a run's containers (`log_view.py`).

Requires containers with the awslogs driver, because AWS keeps no other output.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html.
"""

from collections.abc import Sequence

from starlette.responses import Response

from lamplighter.console.data.runs import history
from lamplighter.console.data.runs.waiting_runs import describe_run
from lamplighter.console.data.tasks import container_output
from lamplighter.console.page import Page, page_route
from lamplighter.console.pages import log_view
from lamplighter.console.pages.log_view import LogTarget
from lamplighter.console.view.runs import run_title
from lamplighter.runs.history.story import Story
from lamplighter.runs.tasks.log_stream import LogSource, log_sources


async def find_log_sources(page: Page, story: Story) -> Sequence[LogSource]:
    """Return the containers that write a log, in the order of their attempts."""
    definitions = dict.fromkeys(each.definition for each in story.attempts if each.task and each.definition)
    containers = {each: await container_output.read_containers(page, each) for each in definitions}
    return [found for each in story.attempts for found in log_sources(each, containers.get(each.definition or "", ()))]


def choose_source(page: Page, sources: Sequence[LogSource]) -> LogSource | None:
    """Return the source that the query names, otherwise that of the last attempt."""
    attempt, container = page.query("attempt"), page.query("container")
    fit = [each for each in sources if attempt is None or str(each.attempt.event) == attempt]
    named = [each for each in fit if container is None or each.container == container]
    if attempt is None and named:
        named = [each for each in named if each.attempt.event == named[-1].attempt.event]
    return named[0] if named else None


def target_of(page: Page, source: LogSource) -> LogTarget:
    """Return the log of a source as the view needs it."""
    job, run = page.arn.split(":")[6:8] if page.arn.count(":") >= 7 else (page.arn, "")
    attempt = source.attempt
    state = "_".join([*attempt.path, attempt.state])
    return LogTarget(
        source.log,
        attempt.outcome == "running",
        "-".join([job.partition("/")[0], run, state, str(attempt.number), source.container]),
        f"{page.url}/logs",
        f"{page.url}/logs",
        {"attempt": str(attempt.event), "container": source.container},
    )


async def find_target(page: Page) -> LogTarget | None:
    """Return the log that the query names; None if there is none."""
    story = await history.load_story(await history.read_history(page, page.arn))
    source = choose_source(page, await find_log_sources(page, story))
    return target_of(page, source) if source else None


async def show(page: Page) -> Response:
    """Show the log."""
    about = await describe_run(page, page.arn)
    story = await history.load_story(await history.read_history(page, page.arn))
    sources = await find_log_sources(page, story)
    source = choose_source(page, sources)
    return await page.render(
        "logs.html",
        arn=page.arn,
        about=about,
        named=run_title.name_run(about, page.clock, page.names),
        sources=sources,
        source=source,
        view=await log_view.read_view(page, target_of(page, source)) if source else None,
    )


ROUTES = (
    *log_view.log_routes("/runs/{arn:path}/logs", find_target),
    page_route("/runs/{arn:path}/logs", show),
)
