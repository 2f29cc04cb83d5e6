"""Show the items of a Map Run, which are runs of their own, and run the failed ones again."""

from collections.abc import Mapping

from starlette.responses import Response

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.errors import AwsError
from lamplighter.base.masking import shorten_input
from lamplighter.console.data.runs import map_run_items
from lamplighter.console.data.runs.map_run_items import ALL, PAGE_SIZE, ItemQuery, ItemRow
from lamplighter.console.page import Page, form_route, page_route
from lamplighter.console.pages import confirmation
from lamplighter.console.pages.runs.run import RunData, read_run
from lamplighter.console.view.paging import number_page
from lamplighter.console.view.runs import run_title
from lamplighter.runs.history.map_run_redrive import unsuccessful_items, why_not_run_again
from lamplighter.wire.access.roles import Role

STATUSES: Mapping[str, tuple[str, str]] = {
    "FAILED": ("failed", "Failed"),
    "TIMED_OUT": ("timedOut", "Timed out"),
    "ABORTED": ("aborted", "Stopped"),
    "RUNNING": ("running", "Running"),
    "SUCCEEDED": ("succeeded", "Succeeded"),
    ALL: ("total", "All"),
}
"""The filters in their order: the name of their count, and their title."""
MAX_CAUSE = 300
"""The most characters of a cause that are shown."""


async def show_items(page: Page) -> Response:
    """Show the items, page by page, those that failed first."""
    about = await page.call("states", "DescribeMapRun", mapRunArn=page.arn)
    run = await read_run(page, about["executionArn"])
    name, counts = map_name(run, page.arn), about["executionCounts"]
    status = page.query("status") or ("FAILED" if counts["failed"] else ALL)
    if status not in STATUSES:
        raise AwsError(f"There is no status '{status}'", code="ValidationException")
    index = page.query_number("index")
    paging = number_page(page.query_number("page"), PAGE_SIZE, 1 if index is not None else counts[STATUSES[status][0]])
    query = ItemQuery(page.arn, status, paging.first_item - 1, index)
    items = await map_run_items.read_items(page, query, dict(walk_states(run.definition)).get(name))
    return await page.render(
        "items.html",
        map=about | {"name": name},
        about=run.about,
        named=run_title.name_run(run.about, page.clock, page.names),
        filters=[(each, title, counts[key]) for each, (key, title) in STATUSES.items()],
        chosen=status if index is None else "",
        rows=[(row, short_input(row), short_cause(row.cause)) for row in items.rows],
        items=items,
        query=query,
        paging=paging,
        unsuccessful=unsuccessful_items(about),
        objection=why_not_run_again(about, run.about, run.events, run.story, run.definition),
        now=page.console.world.now() / 1000,
        rest=page.port.list_poll_seconds if about["status"] == "RUNNING" else None,
    )


def map_name(run: RunData, map_run: str) -> str:
    """Return the name of the state that started a Map Run; if it is not known, the label in the Map Run's ARN."""
    names = (each.state for each in run.story.attempts if each.map_run == map_run)
    return next(names, map_run.rpartition("/")[2].partition(":")[0])


def short_input(row: ItemRow) -> str:
    """Return the beginning of an item's input, or its length if it is too long to be read."""
    if row.input is None:
        return f"{row.input_length} characters" if row.input_length else ""
    return shorten_input(row.input)


def short_cause(text: str | None) -> str:
    """Return the beginning of a cause; nothing for a document, which the page of the item shows."""
    if text is None or text.lstrip().startswith("{"):
        return ""
    return text if len(text) <= MAX_CAUSE else f"{text[: MAX_CAUSE - 1]}…"


async def run_failed_again(page: Page, given: Mapping[str, str]) -> Response:
    """Run the failed items again, by a redrive of the run that has the Map, once the visitor has confirmed it."""
    about = await page.call("states", "DescribeMapRun", mapRunArn=page.arn)
    run = await read_run(page, about["executionArn"])
    objection = why_not_run_again(about, run.about, run.events, run.story, run.definition)
    if objection is not None:
        raise AwsError(f"The failed items cannot be run again: {objection}.", code="ExecutionNotRedrivable")
    if not confirmation.is_confirmed(page, given):
        items = unsuccessful_items(about)
        question = f"Run {items} failed {'item' if items == 1 else 'items'} again?"
        return await confirmation.ask(page, question, "The run continues with them.", "Run them again")
    await page.call("states", "RedriveExecution", executionArn=run.arn)
    return page.redirect(page.console.templates.run_path(run.arn))


ROUTES = (
    form_route("/runs/{arn:path}/run-failed-again", run_failed_again, needs=Role.RUN),
    page_route("/runs/{arn:path}/items", show_items),
)
