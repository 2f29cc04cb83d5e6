"""Start a task as its schedule or its rule would: `lamplighter run FAMILY`.

Guarantees to ask rather than guess if schedules start the family with different parameters.
"""

from collections.abc import Mapping, Sequence

import typer

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext, fail
from lamplighter.cli.runs.find_task import FoundTask
from lamplighter.runs.jobs.job_machine import MAIN_CONTAINER
from lamplighter.runs.tasks.run_task_request import PersonStart, differing_starters, person_request
from lamplighter.runs.tasks.scheduled_tasks import ScheduledTask, TaskStarter
from lamplighter.runs.tasks.task_run import COMMAND_PREFIX, to_task_run


def choose_starter(jobs: Sequence[ScheduledTask], wanted: str | None) -> TaskStarter:
    """Return the schedule or rule in whose place a person starts the job; end the command if that is not clear."""
    starters = [starter for each in jobs for starter in each.starters]
    named = [each for each in starters if wanted in (None, each.name)]
    if not named:
        fail(f"no schedule or rule {wanted} starts {jobs[0].name}: use --like {_names(starters)}")
    different = differing_starters(named)
    if len(different) > 1:
        fail(f"{jobs[0].name} is started in different ways: use --like {_names(different)}")
    return different[0]


def _names(starters: Sequence[TaskStarter]) -> str:
    return " or --like ".join(dict.fromkeys(each.name for each in starters))


def start_task(context: CommandContext, starter: TaskStarter, overrides: Mapping[str, Json]) -> list[FoundTask]:
    """Start what a schedule or rule starts, with a person's environment and command; end the command if it fails."""
    world = real_world()
    request = person_request(starter, PersonStart(COMMAND_PREFIX, world.now(), world.uuid()))
    if overrides:
        request["overrides"] = _with_overrides(context, request, overrides)
    answer = context.ecs.run_task(**request)
    if answer.get("failures"):
        reasons = "; ".join(dict.fromkeys(str(each.get("reason")) for each in answer["failures"]))
        fail(f"ECS did not start {starter.family.family}: {reasons}")
    return [FoundTask(each, to_task_run(each)) for each in answer["tasks"]]


def _with_overrides(context: CommandContext, request: Json, overrides: Mapping[str, Json]) -> Json:
    """Return the overrides of a request with a person's; they are for the container that does the work."""
    definition = context.ecs.describe_task_definition(taskDefinition=request["taskDefinition"])["taskDefinition"]
    names = [each["name"] for each in definition["containerDefinitions"]]
    name = names[0] if len(names) == 1 else MAIN_CONTAINER
    if name not in names:
        raise typer.BadParameter(f"--env and --command need one container, or one called main: {', '.join(names)}")
    given = request.get("overrides") or {}
    others = [each for each in given.get("containerOverrides") or () if each["name"] != name]
    own: Json = next((each for each in given.get("containerOverrides") or () if each["name"] == name), {"name": name})
    added = [{"name": key, "value": value} for key, value in overrides.get("environment", {}).items()]
    kept = [each for each in own.get("environment") or () if each["name"] not in overrides.get("environment", {})]
    own = {**own, **({"environment": [*kept, *added]} if added else {})}
    own |= {"command": overrides["command"]} if "command" in overrides else {}
    return {**given, "containerOverrides": [*others, own]}
