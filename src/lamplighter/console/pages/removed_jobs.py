"""Show the runs of removed jobs, which the engine keeps for as long as the runs of other jobs.

AWS lists neither deleted state machines nor their executions, so a console for AWS shows none.
"""

from collections.abc import Sequence

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.console.view import run_duration
from lamplighter.console.view.run_strip import build_run_strip
from lamplighter.runs.job_machine import is_supporting_machine

MAX_RUNS, STRIP_RUNS = 200, 20


async def list_removed(page: Page) -> Sequence[Json]:
    """Return the removed jobs in the page's place. Empty if the port cannot list them."""
    answer = await page.call_internal("states", "ListRemovedMachines")
    return [each for each in (answer or {}).get("stateMachines", ()) if not is_supporting_machine(each["name"])]


async def show_removed(page: Page, missing: AwsError) -> Response:
    """Show the runs of a removed job. Raises `missing` if no runs are kept."""
    name = page.arn.rpartition(":")[2]
    answer = await page.call_internal("states", "ListKeptExecutions", name=name)
    runs = (answer or {}).get("executions", ())
    if not runs:
        raise missing
    now = page.console.world.now() / 1000
    executions = await run_duration.add_idle_time(page, runs[:MAX_RUNS], page.console.port.max_calls // MAX_RUNS)
    return await page.render(
        "removed.html",
        name=name,
        executions=executions,
        more=len(runs) > MAX_RUNS,
        strip=build_run_strip(executions[:STRIP_RUNS], now),
        now=now,
    )
