"""Check a state machine, no matter how it was made: its last failures, its role, its tasks and their network."""

from collections.abc import Callable, Iterable, Iterator

from botocore.exceptions import ClientError

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, loads
from lamplighter.cli.doctor.definitions import task_states
from lamplighter.cli.doctor.finding import Finding, bad, doubtful
from lamplighter.cli.doctor.network import check_network
from lamplighter.cli.doctor.permissions import check_permissions
from lamplighter.cli.doctor.recent_failures import check_recent_failures
from lamplighter.cli.doctor.tasks import check_tasks
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.site import Site
from lamplighter.cli.target import CALL_ERRORS, Target, explain_error


def check_state_machine(site: Site, found: Machine, *, asks: bool) -> Iterator[Finding]:
    """Run all checks on a state machine; `asks` is whether the target enforces permissions, as AWS does."""
    about, where = found.word, site.target
    described = site.sfn.describe_state_machine(stateMachineArn=found.arn)
    definition = loads(described["definition"])
    known, gone = _task_definitions(where, {run.definition for run in task_states(definition)})
    for name in gone:
        yield bad(
            about, f"the task definition {name} does not exist: its runs fail with ECS.ClientException", "deploy again"
        )
    if asks:
        iam = where.client("iam")
        role = described["roleArn"]
        yield from run_check(
            about, "its role", where, lambda: check_permissions(about, definition, found.arn, iam, role, known)
        )
        for each in known.values():
            yield from run_check(about, "a role of its tasks", where, lambda each=each: check_tasks(about, each, iam))  # type: ignore[misc]
        ec2 = where.client("ec2")
        yield from run_check(about, "its network", where, lambda: check_network(about, task_states(definition), ec2))
    yield from run_check(about, "its runs", where, lambda: check_recent_failures(about, site, found, here=not asks))


def run_check(about: str, what: str, where: Target, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Run a check and return its findings without duplicates; return a doubt if AWS refuses the calls of the check."""
    try:
        return list(dict.fromkeys(look()))
    except CALL_ERRORS as error:
        return [doubtful(about, f"{what} could not be checked: {explain_error(error, where)}")]
    except LamplighterError as error:
        return [doubtful(about, f"{what} could not be checked: {error}")]


def _task_definitions(where: Target, names: set[str]) -> tuple[dict[str, Json], list[str]]:
    """Return the task definitions that exist, by name, and the names of those that do not."""
    ecs = where.client("ecs")
    known, gone = {}, []
    for name in sorted(names):
        try:
            known[name] = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ClientException":
                raise
            gone.append(name)
    return known, gone
