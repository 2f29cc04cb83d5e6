"""Show a task of ECS: how and why each container ended, and its output."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data import container_output, task_origin
from lamplighter.console.page import Page, form_route, page_route
from lamplighter.console.pages import confirmation
from lamplighter.console.pages.scheduled_tasks import start_like
from lamplighter.runs.log_stream import LogStream, container_log_stream
from lamplighter.runs.task_run import to_task_run
from lamplighter.runs.waiting import cluster_of_task
from lamplighter.wire.access.roles import Role

MAX_LINES = 200


@dataclass(frozen=True, slots=True)
class ContainerOutput:
    """The last output of a container."""

    container: Json
    log: LogStream | None
    lines: Json
    """The lines as GetLogEvents returns them."""


async def show_task(page: Page) -> Response:
    """Show a task, with the last output of its containers."""
    task, definition = await _read_task(page)
    outputs = await asyncio.gather(*(_read_output(page, task, definition, each) for each in task["containers"]))
    return await page.render(
        "task.html",
        task=task,
        run=to_task_run(task),
        definition=definition,
        outputs=outputs,
        origin=await task_origin.find_task_origin(page, task),
    )


async def _read_task(page: Page) -> tuple[Json, Json]:
    answer = await page.call("ecs", "DescribeTasks", cluster=cluster_of_task(page.arn), tasks=[page.arn])
    if not answer["tasks"]:
        raise AwsError("This task is no longer stored.", code="NotFound", status=404)
    task = answer["tasks"][0]
    found = await page.call_or_none("ecs", "DescribeTaskDefinition", taskDefinition=task["taskDefinitionArn"])
    return task, found["taskDefinition"] if found else {}


async def _read_output(page: Page, task: Json, definition: Json, container: Json) -> ContainerOutput:
    log = _find_log(task, definition, container["name"])
    if log is None:
        return ContainerOutput(container, None, {"events": []})
    return ContainerOutput(
        container, log, await container_output.read_log_page(page, log, limit=MAX_LINES, startFromHead=False)
    )


def _find_log(task: Json, definition: Json, name: str) -> LogStream | None:
    """Return where a container's output is, or None if no log is kept."""
    defined: Json = next((each for each in definition.get("containerDefinitions", ()) if each["name"] == name), {})
    return container_log_stream(defined, task["taskArn"])


async def download(page: Page) -> Response:
    """Return all output of a container as text."""
    task, definition = await _read_task(page)
    log = _find_log(task, definition, page.query("container") or "")
    if log is None:
        raise AwsError("No container with this name writes a log", code="NotFound", status=404)
    return container_output.log_as_text(page, log)


async def stop_task(page: Page, given: Mapping[str, str]) -> Response:
    """Stop the task, once the visitor has confirmed it."""
    if not confirmation.is_confirmed(page, given):
        name = page.arn.rpartition("/")[2]
        return await confirmation.ask(
            page, f"Stop the task {name}?", "Its containers are stopped now.", "Stop the task"
        )
    await page.call(
        "ecs", "StopTask", cluster=cluster_of_task(page.arn), task=page.arn, reason="Stopped in the console"
    )
    return page.redirect(page.url)


async def run_again(page: Page, given: Mapping[str, str]) -> Response:
    """Start the task's job again, as the schedule or rule that started the task would."""
    task, _ = await _read_task(page)
    origin = await task_origin.find_task_origin(page, task)
    if origin.starter is None:
        raise AwsError("The schedule or rule that started this task does not exist any more.", code="NotFound")
    return await start_like(page, origin.starter, given)


ROUTES = (
    form_route("/tasks/{arn:path}/again", run_again, needs=Role.RUN),
    form_route("/tasks/{arn:path}/stop", stop_task, needs=Role.RUN),
    page_route("/tasks/{arn:path}/log", download),
    page_route("/tasks/{arn:path}", show_task),
)
