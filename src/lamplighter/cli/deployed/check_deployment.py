"""Ask all questions about a deployment, and go on if the answer to one is refused."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from lamplighter.cli.call_errors import CALL_ERRORS
from lamplighter.cli.deployed.deployment import Deployment, NotAllowed
from lamplighter.cli.deployed.drift import check_drift
from lamplighter.cli.deployed.reached_quotas import check_quotas
from lamplighter.cli.deployed.recipients import check_recipients
from lamplighter.cli.deployed.refused_senders import check_senders
from lamplighter.cli.deployed.switched_off import ALARMS, RULES, SCHEDULES, check_switch
from lamplighter.cli.deployed.waiting_messages import check_messages
from lamplighter.cli.doctor.finding import Finding, doubtful
from lamplighter.cli.target import explain_error

Check = tuple[str, Callable[[Deployment], Iterable[Finding]]]
"""What a check looks at, and the check."""
LINKS: Sequence[Check] = (
    *((f"the {each.word}s", partial(check_switch, switch=each)) for each in (RULES, SCHEDULES, ALARMS)),
    ("the subscriptions", check_recipients),
    ("the policies of topics and queues", check_senders),
)
"""The checks of what alerts and starts pass through, which take few calls and no time."""
DRIFT: Sequence[Check] = (*LINKS, ("the drift of the stack", check_drift))
"""The checks of whether all is as the template says."""
STATE: Sequence[Check] = (("the queues", check_messages), ("the quotas", check_quotas))
"""The checks of what happened since the deployment."""


def check_deployment(deployment: Deployment, checks: Sequence[Check]) -> Iterator[Finding]:
    """Yield the findings of checks, and a doubt for each that AWS does not let the caller make."""
    for what, check in checks:
        try:
            yield from check(deployment)
        except NotAllowed as error:
            yield doubtful("deployment", f"could not see {what}: needs {error}")
        except CALL_ERRORS as error:
            yield doubtful("deployment", f"could not see {what}: {explain_error(error, deployment.target)}")
