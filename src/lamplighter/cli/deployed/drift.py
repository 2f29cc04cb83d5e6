"""Let CloudFormation compare the resources of a stack and its nested stacks with their templates.

Guarantees that no value of a property is shown, because it may be secret. What `switched_off.py` and `recipients.py`
find by themselves is not reported twice. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.changes import resource_label
from lamplighter.cli.deploy.prompts import pause_between_polls
from lamplighter.cli.deployed.deployment import Deployment
from lamplighter.cli.deployed.switched_off import ALARMS, RESTORE, RULES, SCHEDULES
from lamplighter.cli.doctor.finding import Finding, bad, doubtful
from lamplighter.jobs.stack.nested_stacks import STACK

IN_PROGRESS, FAILED = "DETECTION_IN_PROGRESS", "DETECTION_FAILED"
SUBSCRIPTION = "AWS::SNS::Subscription"
SEEN_DELETED = frozenset([RULES.type, SCHEDULES.type, ALARMS.type, SUBSCRIPTION])
"""The types of which other checks report what is deleted."""
SEEN_PROPERTIES = frozenset(f"/{each.state}" for each in (RULES, SCHEDULES, ALARMS))


def check_drift(deployment: Deployment) -> Iterator[Finding]:
    """Report the resources that were changed or deleted without their stack."""
    summaries = deployment.list_all("cloudformation", "list_stack_resources", StackName=deployment.stack.id)
    nested = [each["PhysicalResourceId"] for each in summaries if each["ResourceType"] == STACK]
    detections = {each: _detect(deployment, each) for each in [deployment.stack.id, *nested]}
    for stack, detection in detections.items():
        yield from _wait(deployment, detection)
        for each in _drifts(deployment, stack):
            yield from _explain(deployment, each)


def _detect(deployment: Deployment, stack: str) -> str:
    (answer,) = deployment.ask("cloudformation", "detect_stack_drift", StackName=stack)
    return str(answer["StackDriftDetectionId"])


def _wait(deployment: Deployment, detection: str) -> Iterator[Finding]:
    """Wait for the end of a detection; report why it could not look at everything."""
    operation = "describe_stack_drift_detection_status"
    while True:
        (found,) = deployment.ask("cloudformation", operation, StackDriftDetectionId=detection)
        if found["DetectionStatus"] != IN_PROGRESS:
            break
        pause_between_polls(deployment.target)
    if found["DetectionStatus"] == FAILED:
        yield doubtful("drift", f"could not see all resources: {found.get('DetectionStatusReason', 'no reason given')}")


def _drifts(deployment: Deployment, stack: str) -> Iterator[Json]:
    given: Json = {"StackName": stack, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
    while True:
        (page,) = deployment.ask("cloudformation", "describe_stack_resource_drifts", **given)
        yield from page["StackResourceDrifts"]
        if not page.get("NextToken"):
            return
        given["NextToken"] = page["NextToken"]


def _explain(deployment: Deployment, drift: Json) -> Iterator[Finding]:
    title = drift["LogicalResourceId"]
    resource = deployment.resources.get(title)
    about = title if resource is None else resource_label(title, resource)
    paths = {each["PropertyPath"] for each in drift.get("PropertyDifferences", [])} - SEEN_PROPERTIES
    names = dict.fromkeys(each.split("/")[1] for each in sorted(paths))
    if names:
        yield bad(about, f"it was changed without its stack: {', '.join(names)}", RESTORE)
    elif drift["StackResourceDriftStatus"] == "DELETED" and drift["ResourceType"] not in SEEN_DELETED:
        yield bad(about, "it was deleted", RESTORE)
