"""Ask all questions about a deployment, and go on if the answer to one is refused."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from lamplighter.cli.call_errors import CALL_ERRORS
from lamplighter.cli.deployed.deployment import Deployment, NotAllowed, read_deployment
from lamplighter.cli.deployed.drift import check_drift
from lamplighter.cli.deployed.reached_quotas import check_quotas
from lamplighter.cli.deployed.recipients import check_recipients
from lamplighter.cli.deployed.refused_senders import check_senders
from lamplighter.cli.deployed.switched_off import ALARMS, RULES, SCHEDULES, check_switch
from lamplighter.cli.deployed.waiting_messages import check_messages
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.prompts import describe_place
from lamplighter.cli.target import Target, explain_error
from lamplighter.jobs.file.model import Project

Check = tuple[str, Callable[[Deployment], Iterable[Finding]]]
"""What a check looks at, and the check."""
LINKS: Sequence[Check] = (
    ("the rules", partial(check_switch, switch=RULES)),
    ("the schedules", partial(check_switch, switch=SCHEDULES)),
    ("the alarms", partial(check_switch, switch=ALARMS)),
    ("the subscriptions", check_recipients),
    ("the policies of topics and queues", check_senders),
)
"""The checks of what alerts and starts pass through, which take few calls and no time."""
DRIFT: Sequence[Check] = (*LINKS, ("the drift of the stack", check_drift))
"""The checks of whether all is as the template says."""
STATE: Sequence[Check] = (
    ("the stack", lambda deployment: [_check_stack(deployment)]),
    ("the queues", check_messages),
    ("the quotas", check_quotas),
)
"""The checks of what happened since the deployment."""


def check_deployment(deployment: Deployment, checks: Sequence[Check]) -> Iterator[Finding]:
    """Yield the findings of checks, and a doubt for each that AWS does not let the caller make."""
    for what, check in checks:
        try:
            yield from check(deployment)
        except (NotAllowed, *CALL_ERRORS) as error:
            why = f"needs {error}" if isinstance(error, NotAllowed) else explain_error(error, deployment.target)
            yield doubtful("deployment", f"could not see {what}: {why}")


def _check_stack(deployment: Deployment) -> Finding:
    stack = deployment.stack
    says = f"{stack.name} is {stack.status} in {describe_place(deployment.target)}"
    is_sound = stack.status.endswith("_COMPLETE") and "ROLLBACK" not in stack.status
    return good("deployment", says) if is_sound else bad("deployment", says, stack.reason)


def check_project(target: Target, project: Project) -> Iterator[Finding]:
    """Yield the findings of all checks of a project's deployment, if there is one."""
    if (deployment := read_deployment(target, project)) is not None:
        yield from check_deployment(deployment, (*STATE, *DRIFT))
