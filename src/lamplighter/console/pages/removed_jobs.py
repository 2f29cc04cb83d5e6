"""The runs of removed jobs, which the engine keeps for as long as it keeps the runs of other jobs.

AWS lists neither such state machines nor their executions, so that a console over AWS shows none.
"""

from collections.abc import Sequence

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.console.view import run_duration
from lamplighter.console.view.run_strip import run_strip
from lamplighter.runs.job_machine import is_supporting_machine

RUNS, MARKS = 200, 20


async def list_removed(page: Page) -> Sequence[Json]:
    """The removed jobs of the place of a page; none where nobody tells."""
    told = await page.console.port.told(page.place, "states", "ListRemovedMachines", {})
    return [each for each in (told or {}).get("stateMachines", ()) if not is_supporting_machine(each["name"])]


async def show_removed(page: Page, missing: AwsError) -> Response:
    """The runs of a job that is gone; raises `missing` where none is kept."""
    name = page.arn.rpartition(":")[2]
    told = await page.console.port.told(page.place, "states", "ListKeptExecutions", {"name": name})
    runs = (told or {}).get("executions", ())
    if not runs:
        raise missing
    now = page.console.world.now() / 1000
    executions = await run_duration.add_idle_time(page, runs[:RUNS], page.console.port.reach // RUNS)
    return await page.render(
        "removed.html",
        name=name,
        executions=executions,
        more=len(runs) > RUNS,
        strip=run_strip(executions[:MARKS], now),
        now=now,
    )
