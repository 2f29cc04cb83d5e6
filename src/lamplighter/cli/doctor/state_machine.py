"""Check a state machine, no matter how it was made: its last failures, its role, its tasks and their network."""

from collections.abc import Callable, Iterable, Iterator

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, loads
from lamplighter.cli.call_errors import CALL_ERRORS
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.doctor.finding import Finding, bad, doubtful
from lamplighter.cli.doctor.network import check_network
from lamplighter.cli.doctor.permissions import check_permissions
from lamplighter.cli.doctor.recent_failures import check_recent_failures
from lamplighter.cli.doctor.task_roles import check_tasks
from lamplighter.cli.doctor.task_states import task_states
from lamplighter.cli.find_task_definition import find_task_definition
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.target import Target, explain_error
from lamplighter.runs.jobs.job_machine import is_made_from_job_file


def check_state_machine(context: CommandContext, machine: Machine, *, enforces_permissions: bool) -> Iterator[Finding]:
    """Run all checks on a state machine; `enforces_permissions` is whether the target enforces permissions, as AWS
    does.
    """
    about, target = machine.short_name, context.target
    described = context.sfn.describe_state_machine(stateMachineArn=machine.arn)
    definition = loads(described["definition"])
    definitions, missing = _find_task_definitions(target, {run.definition for run in task_states(definition)})
    for name in missing:
        yield bad(
            about, f"the task definition {name} does not exist: its runs fail with ECS.ClientException", "deploy again"
        )
    if enforces_permissions:
        iam = target.client("iam")
        yield from run_check(
            about,
            "its role",
            target,
            lambda: check_permissions(about, definition, described, iam, definitions, _read_tags(context, machine)),
        )
        for each in definitions.values():
            yield from run_check(about, "a role of its tasks", target, lambda each=each: check_tasks(about, each, iam))  # type: ignore[misc]
        ec2 = target.client("ec2")
        yield from run_check(about, "its network", target, lambda: check_network(about, task_states(definition), ec2))
    yield from run_check(
        about,
        "its runs",
        target,
        lambda: check_recent_failures(
            about,
            context,
            machine,
            from_job_file=is_made_from_job_file(definition),
            runs_locally=not enforces_permissions,
        ),
    )


def _read_tags(context: CommandContext, machine: Machine) -> dict[str, str]:
    tags = context.sfn.list_tags_for_resource(resourceArn=machine.arn)["tags"]
    return {each["key"]: each["value"] for each in tags}


def run_check(about: str, subject: str, target: Target, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Run a check and return its findings without duplicates; return a doubt if AWS refuses the calls of the check."""
    try:
        return list(dict.fromkeys(check()))
    except CALL_ERRORS as error:
        return [doubtful(about, f"{subject} could not be checked: {explain_error(error, target)}")]
    except LamplighterError as error:
        return [doubtful(about, f"{subject} could not be checked: {error}")]


def _find_task_definitions(target: Target, names: set[str]) -> tuple[dict[str, Json], list[str]]:
    """Return the task definitions that exist, by name, and the names of those that do not."""
    ecs = target.client("ecs")
    found = {name: find_task_definition(ecs, name) for name in sorted(names)}
    existing = {name: definition for name, definition in found.items() if definition is not None}
    return existing, [name for name in found if name not in existing]
