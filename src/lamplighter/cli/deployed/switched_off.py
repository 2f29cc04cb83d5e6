"""Find rules, schedules and alarms that are deleted or switched off although the template has them switched on.

Drift detection does not see them: it compares what a template sets, and "enabled" is mostly a default. A schedule
that is switched off is paused, which is no drift. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.cli.deployed.deployment import Deployment
from lamplighter.cli.doctor.finding import Finding, bad, doubtful

RESTORE = "a change set of CloudFormation with the deployment mode REVERT_DRIFT brings it back; `deploy` does not"
"""What to do about a resource that is not as the template says:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html"""


@dataclass(frozen=True, slots=True)
class Switch:
    """A type of resources that can be switched off, and the operation that lists them."""

    type: str
    name: str
    """The property that names a resource; the listed items have it, too."""
    state: str
    """The property that switches a resource on and off."""
    off: Json
    service: str
    operation: str
    effect: str
    """What it means if the resource is switched off."""
    remedy: str
    """How to switch it on, before its name; `{console}` is the command of the console."""


RULES = Switch(
    *("AWS::Events::Rule", "Name", "State", "DISABLED", "events", "list_rules"),
    *("it is disabled: it passes on no event", "aws events enable-rule --name"),
)
SCHEDULES = Switch(
    *("AWS::Scheduler::Schedule", "Name", "State", "DISABLED", "scheduler", "list_schedules"),
    *("it is paused: it starts no run", "its page in `{console}` resumes it:"),
)
ALARMS = Switch(
    *("AWS::CloudWatch::Alarm", "AlarmName", "ActionsEnabled", False, "cloudwatch", "describe_alarms"),
    *("its actions are disabled: it alerts nobody", "aws cloudwatch enable-alarm-actions --alarm-names"),
)


def check_switch(deployment: Deployment, switch: Switch) -> Iterator[Finding]:
    """Report the resources of a type that are deleted or switched off."""
    named = deployment.named(switch.type, switch.name)
    wanted = [name for name, each in named.items() if each.properties.get(switch.state) != switch.off]
    if not wanted:
        return
    listed = deployment.list_all(switch.service, switch.operation, **{f"{switch.name}Prefix": deployment.stack.name})
    states = {each[switch.name]: each.get(switch.state) for each in listed}
    for name in wanted:
        about = f"{switch.type.rpartition(':')[2].lower()} {name}"
        if name not in states:
            yield bad(about, "it was deleted", RESTORE)
        elif states[name] == switch.off:
            remedy = switch.remedy.format(console=deployment.target.options.hint("console"))
            yield (doubtful if switch is SCHEDULES else bad)(about, switch.effect, f"{remedy} {name}")
