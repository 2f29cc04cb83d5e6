"""Let CloudFormation compare the resources of a stack and its nested stacks with their templates.

Guarantees that no value of a property is shown, because it may be secret. What `switched_off.py` and `recipients.py`
find by themselves is not reported twice. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.comparison.changes import resource_label
from lamplighter.cli.deployed.deployment import Deployment
from lamplighter.cli.deployed.switched_off import ALARMS, RESTORE, RULES, SCHEDULES
from lamplighter.cli.doctor.finding import Finding, bad, doubtful
from lamplighter.cli.prompts import pause_between_polls
from lamplighter.jobs.stack.nested_stacks import STACK

IN_PROGRESS, FAILED = "DETECTION_IN_PROGRESS", "DETECTION_FAILED"
CFN, DETECTION_STATUS = "cloudformation", "describe_stack_drift_detection_status"
SUBSCRIPTION = "AWS::SNS::Subscription"
SEEN_DELETED = frozenset([RULES.type, SCHEDULES.type, ALARMS.type, SUBSCRIPTION])
"""The types of which other checks report what is deleted."""


def check_drift(deployment: Deployment) -> Iterator[Finding]:
    """Report the resources that were changed or deleted without their stack."""
    summaries = deployment.list_all(CFN, "list_stack_resources", StackName=deployment.stack.id)
    stacks = [deployment.stack.id, *(each["PhysicalResourceId"] for each in summaries if each["ResourceType"] == STACK)]
    begun = [deployment.call(CFN, "detect_stack_drift", StackName=each)["StackDriftDetectionId"] for each in stacks]
    filters = {"StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
    for stack, detection in zip(stacks, begun, strict=True):
        yield from _wait(deployment, detection)
        for each in deployment.list_all(CFN, "describe_stack_resource_drifts", StackName=stack, **filters):
            yield from _explain(deployment, each)


def _wait(deployment: Deployment, key: str) -> Iterator[Finding]:
    """Wait for the end of a detection; report why it could not look at everything."""
    found = deployment.call(CFN, DETECTION_STATUS, StackDriftDetectionId=key)
    while found["DetectionStatus"] == IN_PROGRESS:
        pause_between_polls(deployment.target)
        found = deployment.call(CFN, DETECTION_STATUS, StackDriftDetectionId=key)
    if found["DetectionStatus"] == FAILED:
        yield doubtful("drift", f"could not see all resources: {found.get('DetectionStatusReason', 'no reason given')}")


def _explain(deployment: Deployment, drift: Json) -> Iterator[Finding]:
    title = drift["LogicalResourceId"]
    resource = deployment.resources.get(title)
    about = title if resource is None else resource_label(title, resource)
    paths = {each["PropertyPath"] for each in drift.get("PropertyDifferences", [])} - {"/State", "/ActionsEnabled"}
    names = dict.fromkeys(each.split("/")[1] for each in sorted(paths))
    if names:
        yield bad(about, f"it was changed without its stack: {', '.join(names)}", RESTORE)
    elif drift["StackResourceDriftStatus"] == "DELETED" and drift["ResourceType"] not in SEEN_DELETED:
        yield bad(about, "it was deleted", RESTORE)
