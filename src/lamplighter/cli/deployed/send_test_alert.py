"""Send an alert the whole way of an alert about a failed run on AWS, and find the link at which it breaks.

A test run of the machine about failed runs ends; Step Functions' event about it passes the rule, which starts that
machine, and the machine publishes to the topic (`jobs/machine/failure_machine.py`). Nothing is published with the
caller's permissions. AWS does not say what a recipient did with a message, so the channel's subscription, policies and
queues are looked at.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import real_world
from lamplighter.cli.call_errors import ignore_error
from lamplighter.cli.deploy.prompts import pause_between_polls
from lamplighter.cli.deployed.check_deployment import LINKS, STATE, check_deployment
from lamplighter.cli.deployed.deployment import Deployment
from lamplighter.cli.doctor.finding import Finding, bad, good
from lamplighter.jobs.machine.failure_machine import TEST_RUN, TESTED_CHANNEL, claim_name
from lamplighter.runs.jobs.job_machine import FAILURE_CHECK, machine_suffix

MAX_WAIT = 60_000
"""Milliseconds after which the event counts as lost; it usually takes a second."""


def send_test_alert(deployment: Deployment, channel: str) -> Iterator[Finding]:
    """Send a test alert to a channel that gets alerts about failed runs, and report the links that are broken."""
    prefix = deployment.stack.name
    rule, queue = f"rule {prefix}--failed-runs", f"queue {prefix}-{channel}"
    links = (rule, f"channel {channel}", queue, f"{queue}-undelivered", f"queue {prefix}-undelivered-alerts")
    broken = [each for each in check_deployment(deployment, LINKS) if each.about in links]
    yield from broken
    if rule not in [each.about for each in broken]:
        yield _send(deployment, channel)
        pause_between_polls(deployment.target)
        yield from (each for each in check_deployment(deployment, STATE) if each.about in links)


def _send(deployment: Deployment, channel: str) -> Finding:
    """Start the test run, and wait until the machine has published the alert about it, or could not."""
    sfn, world = deployment.target.client("stepfunctions"), real_world()
    machine = f"{deployment.stack.name}{machine_suffix(FAILURE_CHECK)}"
    name = f"{TEST_RUN}{channel}-{world.uuid()[:8]}"
    arn, given = deployment.arn("states", f"stateMachine:{machine}"), dumps({TESTED_CHANNEL: channel})
    run = sfn.start_execution(stateMachineArn=arn, name=name, input=given)["executionArn"]
    deadline = world.monotonic() + MAX_WAIT
    while world.monotonic() < deadline:
        pause_between_polls(deployment.target)
        test = sfn.describe_execution(executionArn=run)
        ended = int(test["stopDate"].timestamp()) if test["status"] != "RUNNING" else 0
        execution = deployment.arn("states", f"execution:{machine}:{claim_name(run, ended)}")
        if (found := _read_alert(sfn, execution, channel)) is not None:
            return found
    says = f"no alert followed the end of the run {name} of {machine} within {MAX_WAIT // 1000} s"
    return bad(f"rule {deployment.stack.name}--failed-runs", says, f"look at the runs of {machine}")


def _read_alert(sfn: Json, execution: str, channel: str) -> Finding | None:
    """Return what became of the execution that publishes the alert, or None if that is not known yet."""
    with ignore_error("ExecutionDoesNotExist"):
        events = sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=20)["events"]
        failed = [each["taskFailedEventDetails"] for each in events if "taskFailedEventDetails" in each]
        if failed:
            says = f"the topic refuses the alert: {failed[0].get('error')}: {failed[0].get('cause')}"
            return bad(f"channel {channel}", says, "look at its policy, and at the policy of the machine's role")
        if events[0]["type"] == "ExecutionSucceeded":
            return good(f"channel {channel}", "its topic has accepted the alert, as one about a failed run")
    return None
