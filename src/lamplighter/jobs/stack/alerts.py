"""Who is told: topics and their subscribers, the rules of patterns 1 and 2, the alarms for runs that did not start.

Promises an alarm for a job that does not start wherever CloudWatch can wait that long: where no run began for longer
than the longest time between two of the schedule's, missing data is breaching. A new alarm warms up for as long, so
that a first deployment is silent until the first run. AWS lets an alarm warm up for two days at most: where the times
of a schedule are further apart, the alarm of a first deployment may ring there once, after two days; the engine of this
box is told by metadata how long to wait (`Patience`). For schedules further apart than a week there is the queue of
starts that Scheduler gave up, which has an alarm in any case.
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html.
"""

import re
from collections.abc import Iterator

from troposphere import AWSObject, GetAtt, Ref, Sub, cloudwatch, events, sns

from lamplighter.base.jsontext import Json, dumps
from lamplighter.jobs import gaps, names
from lamplighter.jobs.channels import Channel
from lamplighter.jobs.expressions import ATTEMPT_AT, KILLED, RUN_ARN_AT
from lamplighter.jobs.model import Job, Project
from lamplighter.jobs.stack import arns, links, roles
from lamplighter.jobs.values import shown

STEPS = ((10 * 60, 60, 86_400), (6 * 3600, 300, 86_400), (7 * 86_400, 3600, 7 * 86_400))
"""Up to which gap, in steps of how long, over how long at most: seconds that CloudWatch takes."""
LONGEST_WARM_UP = 2_880
"""Minutes for which CloudWatch lets an alarm warm up."""
_READ = re.compile("<([a-z]+)>")
GONE_WRONG = ["TaskFailedToStart", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"]
"""Ways to stop that say by themselves that an attempt failed; UserInitiated is somebody's wish."""
STOPPED = "The Task state in AWS Step Functions execution"
"""How the reason of a task begins that Step Functions stopped: it took too long, or its run was stopped."""


def resources(project: Project) -> Iterator[AWSObject]:
    """Topics, rules and alarms."""
    made = [name for name, channel in project.channels.items() if channel.sns is None]
    for name in made:
        yield from _topic(project, name, project.channels[name])
    for name in project.jobs:
        yield from _rules(project, name)
        yield from _alarm(project, name)
    yield from _queue_alarm(project)


def _topic(project: Project, name: str, channel: Channel) -> Iterator[AWSObject]:
    local = {} if channel.command is None else {"Metadata": {"Lamplighter": {"Command": list(channel.command)}}}
    yield sns.Topic(names.topic(name), TopicName=f"{project.prefix}-{name}", **local)
    for protocol, endpoint, settings in subscriptions(channel):
        yield sns.SubscriptionResource(
            f"{names.logical(name)}Subscription",
            TopicArn=Ref(names.topic(name)),
            Protocol=protocol,
            Endpoint=endpoint,
            **settings,
        )
    yield _policy(name)


def subscriptions(channel: Channel) -> Iterator[tuple[str, str, Json]]:
    """What is subscribed to the topic of a channel: the protocol, the endpoint, and other properties."""
    if channel.email is not None:
        yield "email", channel.email, {}
    if channel.webhook is not None:
        # AWS asks a web server first; on one box its owner wrote it in the file.
        own = {"Metadata": {"Lamplighter": {"Confirmed": True}}}
        yield channel.webhook.partition(":")[0], channel.webhook, own
    if channel.sqs is not None:
        yield "sqs", channel.sqs, {"RawMessageDelivery": True}


def _policy(name: str) -> sns.TopicPolicy:
    """Rules and alarms of this account may publish; SNS takes a policy that names its own topic, and no other."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]},
        "Action": "sns:Publish",
        "Resource": Ref(names.topic(name)),
        "Condition": {"StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")}},
    }
    return sns.TopicPolicy(
        f"{names.topic(name)}Policy",
        Topics=[Ref(names.topic(name))],
        PolicyDocument={"Version": "2012-10-17", "Statement": [statement]},
    )


def _rules(project: Project, name: str) -> Iterator[AWSObject]:
    job = project.jobs[name]
    if job.notify.attempt_failed and job.workflow is None:
        yield _rule(
            project,
            name,
            "attempt-failed",
            job.notify.attempt_failed,
            _attempt_failed(project, name),
            *_told_of_attempt(project, name),
        )
    if job.notify.run_failed:
        yield _rule(
            project, name, "run-failed", job.notify.run_failed, _run_failed(name),
            {"run": "$.detail.executionArn", "status": "$.detail.status",
             "time": "$.time"},
            (f"{project.prefix}: a run of the job {name} ended <status>.", "", "Run:       <run>", "Time:      <time>",
             *_limits(job),
             f"Look at:   {names.slot(names.CONSOLE)}<run>",
             f"Run again: lamplighter run {project.name(name)}{names.slot(names.OPTIONS)}"),
        )  # fmt: skip


def _limits(job: Job) -> Iterator[str]:
    """How long a run may take, which explains one that TIMED_OUT, and an attempt."""
    given = [("the run", job.deadline), ("an attempt", job.timeout)]
    said = [f"{what} may take {shown(limit)}" for what, limit in given if limit is not None]
    if said:
        yield f"Limits:    {', '.join(said)}"


def _told_of_attempt(project: Project, name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """What an alert reads in the event, and the lines that say it.

    ECS promises no order of several containers: nothing is read of any one of them then, and so not the run either.
    """
    paths = {"reason": "$.detail.stoppedReason", "stop": "$.detail.stopCode", "task": "$.detail.taskArn"}
    if not project.jobs[name].sidecars:
        paths |= {"code": "$.detail.containers[0].exitCode", "attempt": _own(ATTEMPT_AT), "run": _own(RUN_ARN_AT)}
    paths["time"] = "$.time"
    lines = (
        f"{project.prefix}: an attempt of the job {name} failed.", "", "Reason:    <reason>", "Stop code: <stop>",
        "Exit code: <code>", "Attempt:   <attempt>", "Task:      <task>", "Run:       <run>", "Time:      <time>",
        f"Look at:   {names.slot(names.CONSOLE)}<run>",
        f"Run again: lamplighter run {project.name(name)}{names.slot(names.OPTIONS)}",
    )  # fmt: skip
    return paths, tuple(line for line in lines if all(each in paths for each in _READ.findall(line)))


def _own(at: int) -> str:
    """Where an event about a task has what the attempt was told of itself."""
    return f"$.detail.overrides.containerOverrides[0].environment[{at}].value"


def _attempt_failed(project: Project, name: str) -> Json:
    """A container that did not end with 0, or a task that never ran or was taken away: no exit code says so.

    Sidecars are killed when the job is done: a pattern cannot say whose exit code it means, so that beside them an
    attempt that was killed itself is not told. Nor can it tell one that took too long from one whose run was stopped:
    where there is a timeout both are told, for a hang that nobody hears of is worse. The engine of this box knows.
    """
    slow = [{"stopCode": ["UserInitiated"], "stoppedReason": [{"prefix": STOPPED}]}]
    well = [0, *KILLED] if project.jobs[name].sidecars else 0
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [arns.cluster(project.jobs[name])],
            "group": [f"family:{project.name(name)}"],
            "lastStatus": ["STOPPED"],
            "$or": [
                {"stopCode": ["EssentialContainerExited"], "containers": {"exitCode": [{"anything-but": well}]}},
                {"stopCode": GONE_WRONG},
                *(slow if project.jobs[name].timeout is not None else []),
            ],
        },
    }


def _run_failed(name: str) -> Json:
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [Ref(names.machine(name))], "status": ["FAILED", "TIMED_OUT"]},
    }


def _rule(
    project: Project,
    name: str,
    pattern: str,
    channels: tuple[str, ...],
    matches: Json,
    paths: dict[str, str],
    lines: tuple[str, ...],
) -> events.Rule:
    written = events.InputTransformer(InputPathsMap=paths, InputTemplate=_filled("\n".join(map(dumps, lines))))
    return events.Rule(
        f"{names.logical(name)}{names.logical(pattern)}",
        Name=f"{project.name(name)}-{pattern}",
        Description=f"Tells of the job {name}: {pattern}",
        EventPattern=matches,
        Targets=[
            events.Target(Id=channel, Arn=arns.topic(project, channel), InputTransformer=written)
            for channel in channels
        ],
        Metadata={"Lamplighter": {"Job": name, "Pattern": pattern, **_local(project, name)}},
    )


def _local(project: Project, name: str) -> Json:
    """What the engine of this box composes alerts with: how many attempts there are, how long each and the run may
    take, and whom the run tells itself.
    """
    job = project.jobs[name]
    limits = {each: project.jobs[each].timeout for each in roles.steps(project, name)}
    known = {
        "Attempts": None if job.workflow is not None else job.retry.total + 1,
        "Timeouts": {project.name(each): shown(limit) for each, limit in limits.items() if limit is not None},
        "Deadline": None if job.deadline is None else shown(job.deadline),
        "Caught": list(job.notify.caught),
        "Essential": [title for title, sidecar in job.sidecars.items() if sidecar.essential],
    }
    return {key: value for key, value in known.items() if value}


def _filled(text: str) -> Json:
    used = {name: value for name, value in links.slots().items() if names.slot(name) in text}
    return Sub(text, used) if used else text


def waits_for(job: Job) -> tuple[int, int] | None:
    """For how many periods of how many seconds CloudWatch waits for a run; None where it cannot wait that long."""
    gap = gaps.longest(job)
    if gap is None:
        return None
    whole = gap + (job.window or 0)
    fits = [(step, whole // step + 2, span) for most, step, span in STEPS if whole <= most]
    return next(((step, count) for step, count, span in fits if step * count <= span), None)


def _alarm(project: Project, name: str) -> Iterator[AWSObject]:
    job = project.jobs[name]
    wait = waits_for(job) if job.schedule and job.enabled and job.notify.did_not_start else None
    if wait is not None:
        step, count = wait
        yield cloudwatch.Alarm(
            f"{names.logical(name)}DidNotStart",
            AlarmName=f"{project.name(name)}-did-not-start",
            AlarmDescription=f"No run of the job {name} began for longer than its schedule explains.",
            Namespace="AWS/States",
            MetricName="ExecutionsStarted",
            Dimensions=[cloudwatch.MetricDimension(Name="StateMachineArn", Value=Ref(names.machine(name)))],
            Statistic="Sum",
            Period=step,
            EvaluationPeriods=count,
            Threshold=1,
            ComparisonOperator="LessThanThreshold",
            TreatMissingData="breaching",
            WarmUpConfiguration=cloudwatch.WarmUpConfiguration(
                WarmUpPeriodDurationInMinutes=min(step * count // 60, LONGEST_WARM_UP),
                OnlyStartEvaluatingAfterWarmUpPeriodEnds=True,
            ),
            AlarmActions=[arns.topic(project, channel) for channel in job.notify.did_not_start],
            Metadata={"Lamplighter": {"Job": name, "Pattern": "did-not-start", "Patience": step * count}},
        )


def _queue_alarm(project: Project) -> Iterator[AWSObject]:
    told = [
        channel for job in project.jobs.values() if job.schedule for channel in job.notify.did_not_start
    ]  # fmt: skip
    if told:
        yield cloudwatch.Alarm(
            "GivenUp",
            AlarmName=f"{project.prefix}-given-up",
            AlarmDescription="Scheduler gave up starting a run; the queue says which and why.",
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[cloudwatch.MetricDimension(Name="QueueName", Value=GetAtt("DidNotStart", "QueueName"))],
            Statistic="Maximum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[arns.topic(project, channel) for channel in dict.fromkeys(told)],
        )
