"""Find the calls of a state machine that its role does not allow, before a run fails on them.

Guarantees that the article's trap is named: `iam:PassRole`, which the AWS console forgets. Each finding has the error
that the run would show, and the statement that corrects it. If the resource of a call is only known at run time, the
call is checked by its action alone.
"""

from collections.abc import Iterator, Mapping

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.doctor.definitions import dynamic_states, static_definition
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.doctor.roles import Role, read_role
from lamplighter.cli.doctor.tasks import log_stream
from lamplighter.jobs.iam.missing_permission import MissingPermission, missing_permissions
from lamplighter.jobs.iam.required_calls import CallContext

ROLES = ("executionRoleArn", "taskRoleArn")
STATES = "states.amazonaws.com"


def check_permissions(
    about: str, definition: Json, arn: str, iam: Json, role_arn: str, described: Mapping[str, Json]
) -> Iterator[Finding]:
    """Report what a state machine's role lacks.

    `described` maps the names by which the state machine refers to task definitions to those task definitions.
    """
    found = read_role(iam, role_arn)
    if found is None:
        yield bad(about, f"its role {role_arn} does not exist: every run fails", "create it again, or name another")
        return
    if not found.trusts(STATES):
        told = f"Step Functions cannot assume its role {found.name}: every run fails at its first call"
        yield bad(about, told, f"let its trust policy allow sts:AssumeRole to {STATES}")
    for name in dynamic_states(definition):
        yield doubtful(about, f"the state {name} chooses its task when it runs: its permissions are not checked")
    situation = _situation(arn, described)
    lacking = missing_permissions(static_definition(definition), found.statements, situation, found.name)
    missing = [each for each in lacking if _counts(each, found)]
    yield from (bad(about, each.error, _advice(each)) for each in missing)
    if not missing:
        told = f"its role {found.name} allows all its calls"
        bounded = "a permissions boundary may still deny some of them: it is not checked"
        yield doubtful(about, told, bounded) if found.bounded else good(about, told)


def _situation(arn: str, described: Mapping[str, Json]) -> CallContext:
    """Build the context of the calls: the roles and log streams of the tasks, and a run of the state machine itself.

    The state machines of jobs call Step Functions about their own runs.
    """
    passed = {name: tuple(each[key] for key in ROLES if key in each) for name, each in described.items()}
    found = {name: log_stream(each) for name, each in described.items()}
    streams = {name: each for name, each in found.items() if each is not None}
    return CallContext(arn, passed, streams, (arn.replace(":stateMachine:", ":execution:") + ":a-run",))


def _counts(missing: MissingPermission, found: Role) -> bool:
    """Return whether a call is certainly refused: its resource is known, or no statement allows its action."""
    known = missing.call.resource.startswith("arn:")
    return known or not found.may_sometimes(missing.call)


def _advice(missing: MissingPermission) -> str:
    return f"{missing.why}\nadd to the policy of its role: {dumps(missing.statement)}"
