"""Show the runs of removed jobs, which the engine keeps for as long as the runs of other jobs.

AWS lists neither deleted state machines nor their executions, so a console for AWS shows none.
"""

from collections.abc import Sequence

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data.jobs import job_runs
from lamplighter.console.page import Page
from lamplighter.console.pages.jobs import job_runs as runs_page
from lamplighter.console.view.duration_chart import SHAPES, build_chart
from lamplighter.console.view.runs.run_counts import count_runs
from lamplighter.runs.jobs.job_machine import is_supporting_machine
from lamplighter.runs.run import END_WORDS

NO_DEFINITION = {"definition": "{}"}


async def list_removed(page: Page) -> Sequence[Json]:
    """Return the removed jobs in the page's place. Empty if the port cannot list them."""
    answer = await page.call_internal("states", "ListRemovedMachines")
    return [each for each in (answer or {}).get("stateMachines", ()) if not is_supporting_machine(each["name"])]


async def show_removed(page: Page, missing: AwsError) -> Response:
    """Show the runs of a removed job. Raises `missing` if no runs are kept."""
    if await page.call_internal("states", "ListRemovedMachines") is None:
        raise missing
    recent = await job_runs.read_recent_runs(page, NO_DEFINITION)
    if not recent.runs:
        raise missing
    return await page.render(
        "removed.html",
        name=page.names.of(page.arn),
        counts=count_runs(recent.counts, complete=True),
        usual=recent.usual,
        chart=build_chart(recent.runs, page.clock),
        deadline=None,
        shapes=SHAPES,
        end_words=END_WORDS,
        table=await runs_page.read_table(page, NO_DEFINITION, recent.usual),
    )
