"""Show the tasks of ECS, running and past ones, with filters, and which run each belongs to."""

from dataclasses import dataclass

from starlette.responses import Response

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.console.data.tasks import task_list
from lamplighter.console.data.tasks.task_list import STARTERS, STATUSES, TaskChoice, TaskList
from lamplighter.console.data.tasks.task_origin import find_executions
from lamplighter.console.page import Page, page_route
from lamplighter.console.view import links
from lamplighter.console.view.list_filters import ListFilter, counted_filter, fixed_filter
from lamplighter.runs.tasks.ecs_tasks import STARTED_BY_STATE_MACHINE
from lamplighter.runs.tasks.task_run import RULE_PREFIX, TaskRun, to_task_run


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task with what people want to know of it."""

    about: Json
    """The task as DescribeTasks describes it."""
    run: TaskRun
    execution: str | None
    """The ARN of the execution that it is an attempt of, or None if that is unknown or there is none."""
    rule_url: str | None
    """The path of the page of the rule that started it, or None."""


async def show(page: Page) -> Response:
    """Show the tasks."""
    choice = TaskChoice(
        _known(page.query("status"), STATUSES), page.query("family"), page.query("cluster"),
        _known(page.query("starter"), STARTERS),
    )  # fmt: skip
    found = await task_list.read_tasks(page, choice)
    executions = await find_executions(page, found.tasks)
    return await page.render(
        "tasks.html",
        rows=[_to_row(page, each, executions.get(each["taskArn"])) for each in found.tasks],
        filters=_filters(found, choice),
        chosen=choice != TaskChoice(None, None, None, None),
        found=found,
        machines=STARTED_BY_STATE_MACHINE,
    )


def _known(value: str | None, values: dict[str, str]) -> str | None:
    return value if value in values else None


def _filters(found: TaskList, choice: TaskChoice) -> tuple[ListFilter, ...]:
    return (
        fixed_filter("status", "Status", STATUSES, choice.status, found.counts("status", choice)),
        counted_filter("family", "Family", found.counts("family", choice), choice.family),
        counted_filter("cluster", "Cluster", found.counts("cluster", choice), choice.cluster),
        fixed_filter("starter", "Started by", STARTERS, choice.starter, found.counts("starter", choice)),
    )


def _to_row(page: Page, task: Json, execution: str | None) -> TaskRow:
    run, place = to_task_run(task), page.place
    rule = run.started_by.removeprefix(RULE_PREFIX) if run.started_by.startswith(RULE_PREFIX) else None
    rule_arn = rule and arn.build("events", place.region, place.account, f"rule/{rule}")
    return TaskRow(task, run, execution, rule_arn and links.resource_path(rule_arn))


ROUTES = (page_route("/tasks", show),)
