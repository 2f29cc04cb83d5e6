"""Show a task of ECS: how and why each container ended, and its output."""

from collections.abc import Mapping

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data.runs.run_actions import AGAIN, ActionRequest, act
from lamplighter.console.data.tasks import task_origin
from lamplighter.console.page import Page, form_route, page_route
from lamplighter.console.pages import confirmation, log_view
from lamplighter.console.pages.log_view import LogTarget
from lamplighter.console.view.links import arn_path
from lamplighter.runs.history.waiting import cluster_of_task
from lamplighter.runs.tasks.log_stream import LogStream, container_log_stream
from lamplighter.runs.tasks.task_run import to_task_run
from lamplighter.wire.access.roles import Role


async def show_task(page: Page) -> Response:
    """Show a task, with the log of one of its containers."""
    task, definition = await _read_task(page)
    logs = {each["name"]: _find_log(task, definition, each["name"]) for each in task["containers"]}
    target = _choose_target(page, task, definition)
    return await page.render(
        "task.html",
        task=task,
        run=to_task_run(task),
        definition=definition,
        logs=logs,
        view=await log_view.read_view(page, target) if target else None,
        origin=await task_origin.find_task_origin(page, task),
    )


async def _read_task(page: Page) -> tuple[Json, Json]:
    answer = await page.call("ecs", "DescribeTasks", cluster=cluster_of_task(page.arn), tasks=[page.arn])
    if not answer["tasks"]:
        raise AwsError("This task is no longer stored.", code="NotFound", status=404)
    task = answer["tasks"][0]
    found = await page.call_or_none("ecs", "DescribeTaskDefinition", taskDefinition=task["taskDefinitionArn"])
    return task, found["taskDefinition"] if found else {}


def _choose_target(page: Page, task: Json, definition: Json) -> LogTarget | None:
    """Return the log of the container that the query names, or else of the first one that keeps a log."""
    requested = page.query("container")
    for each in task["containers"]:
        log = _find_log(task, definition, each["name"])
        if log is not None and requested in (None, each["name"]):
            names = (task["taskDefinitionArn"].rpartition("/")[2], task["taskArn"].rpartition("/")[2], each["name"])
            is_running = task["lastStatus"] != "STOPPED"
            return LogTarget(log, is_running, "-".join(names), page.url, f"{page.url}/log", {"container": each["name"]})
    return None


def _find_log(task: Json, definition: Json, name: str) -> LogStream | None:
    """Return where a container's output is, or None if no log is kept."""
    defined: Json = next((each for each in definition.get("containerDefinitions", ()) if each["name"] == name), {})
    return container_log_stream(defined, task["taskArn"])


async def find_target(page: Page) -> LogTarget | None:
    """Return the log that the query names; None if there is none."""
    return _choose_target(page, *await _read_task(page))


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


async def run_again(page: Page, _given: Mapping[str, str]) -> Response:
    """Start the task's job again, as the schedule or rule that started the task would, or show who did so meanwhile."""
    result = await act(page, ActionRequest(AGAIN), page.arn)
    if not result.done:
        raise AwsError(f"The task cannot be started again: {result.words}.", code="NotFound")
    return page.redirect("/tasks" if result.started is None else f"/tasks/{arn_path(result.started)}")


ROUTES = (
    form_route("/tasks/{arn:path}/again", run_again, needs=Role.RUN),
    form_route("/tasks/{arn:path}/stop", stop_task, needs=Role.RUN),
    *log_view.log_routes("/tasks/{arn:path}/log", find_target),
    page_route("/tasks/{arn:path}", show_task),
)
