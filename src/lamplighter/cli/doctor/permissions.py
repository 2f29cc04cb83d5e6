"""Find the calls of a state machine that its role does not allow, before a run fails on them.

Guarantees that a missing `iam:PassRole`, which AWS's console forgets, is named. Each finding has the error
that the run would show, and the statement that corrects it. If the resource of a call is only known at run time, the
call is checked by its action alone.
"""

from collections.abc import Iterator, Mapping, Sequence

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.doctor.roles import read_role
from lamplighter.cli.doctor.task_roles import log_stream_arn
from lamplighter.cli.doctor.task_states import dynamic_states, static_definition
from lamplighter.jobs.iam.missing_permission import MissingPermission, missing_permissions
from lamplighter.jobs.iam.required_calls import CallContext
from lamplighter.lang.iam_policy.evaluate import allows_action_somewhere

ROLE_FIELDS = ("executionRoleArn", "taskRoleArn")
STATES_PRINCIPAL = "states.amazonaws.com"


def check_permissions(
    about: str, definition: Json, machine: Json, iam: Json, described: Mapping[str, Json], tags: Mapping[str, str]
) -> Iterator[Finding]:
    """Report what a state machine's role lacks; `machine` is the answer of DescribeStateMachine.

    `described` maps the names by which the state machine refers to task definitions to those task definitions. `tags`
    are those that the state machine has; a job file gives the same to the task definitions.
    """
    arn, role_arn = machine["stateMachineArn"], machine["roleArn"]
    role = read_role(iam, role_arn)
    if role is None:
        yield bad(about, f"its role {role_arn} does not exist: every run fails", "create it again, or name another")
        return
    if not role.trusts(STATES_PRINCIPAL):
        message = f"Step Functions cannot assume its role {role.name}: every run fails at its first call"
        yield bad(about, message, f"let its trust policy allow sts:AssumeRole to {STATES_PRINCIPAL}")
    for name in dynamic_states(definition):
        yield doubtful(about, f"the state {name} chooses its task when it runs: its permissions are not checked")
    context = _call_context(arn, described, tags)
    known = static_definition(definition)
    missing = _find_missing(known, role.statements, context, role.name)
    yield from (bad(about, each.error, _advice(each)) for each in missing)
    refused = () if role.boundary is None else _find_missing(known, role.boundary, context, role.name)
    for each in refused:
        message = f"the permissions boundary of its role {role.name} refuses {each.call.action} on {each.call.resource}"
        yield bad(about, message, f"let the boundary allow it: {dumps(each.statement)}")
    if not missing and not refused:
        yield good(about, f"its role {role.name} allows all its calls")


def _call_context(arn: str, described: Mapping[str, Json], tags: Mapping[str, str]) -> CallContext:
    """Build the context of the calls: the roles and log streams of the tasks, and a run of the state machine itself.

    The state machines of jobs call Step Functions about their own runs.
    """
    passed = {name: tuple(each[key] for key in ROLE_FIELDS if key in each) for name, each in described.items()}
    found = {name: log_stream_arn(each) for name, each in described.items()}
    streams = {name: each for name, each in found.items() if each is not None}
    keys = {f"aws:ResourceTag/{name}": value for name, value in tags.items()}
    return CallContext(arn, passed, streams, (arn.replace(":stateMachine:", ":execution:") + ":a-run",), keys)


def _find_missing(
    definition: Json, statements: Sequence[Json], context: CallContext, role: str
) -> list[MissingPermission]:
    """Return the calls that are certainly refused: their resource is known, or no statement allows their action."""
    return [
        each
        for each in missing_permissions(definition, statements, context, role)
        if each.call.resource.startswith("arn:") or not allows_action_somewhere(statements, each.call.action)
    ]


def _advice(missing: MissingPermission) -> str:
    return f"{missing.reason}\nadd to the policy of its role: {dumps(missing.statement)}"
