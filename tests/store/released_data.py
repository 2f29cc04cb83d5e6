"""A data directory with one of everything, all that its API answers, and how its work continues.

`make_released_database.py` stores both beside each other for each released version; `test_released.py` opens them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.stack.template import build_template, to_json
from lamplighter.outbound.port import DeliveryFailed, Outbound
from lamplighter.store.read_only_store import ReadOnlyStore
from tests.engine_harness import (
    ACCOUNT,
    CALLER,
    REGION,
    ROLE,
    SECOND,
    EngineDied,
    EngineHarness,
    RecordingEngine,
    chain,
    job,
)
from tests.fake_outbound import FakeHttp, FakeMail, FakePrograms
from tests.fake_runtime import FakeRuntime, Script
from tests.inline_isolation import InlineIsolation
from tests.manual_world import ManualClock, manual_world

JOB_FILE = """
project: nightly
defaults: {timezone: Asia/Seoul, notify: ops}
channels:
  ops: {email: ops@example.com}
jobs:
  report:
    image: busybox
    command: [echo, report]
    schedule: rate(1 hour)
    retry: {attempts: 2, interval: 10s, backoff: 1}
    timeout: 1h
    deadline: 3h
"""
MINUTE = 60 * SECOND
CONTINUES = ("waits", "retries", "called-back", "activity", "branches", "maps", "distributed", "runs-a-task")
"""The names of the standard machines whose executions run when the database is stored."""


class ReleasedHarness(EngineHarness):
    """A harness whose engines send nothing into the world, and whose ids differ from those of other seeds."""

    def __init__(self, directory: Path, seed: int = 0, start: int | None = None) -> None:
        super().__init__(directory)
        if start is not None:
            self.clock = ManualClock(start)
            self.runtime = type(self.runtime)(self.clock.now)
        self._world = manual_world(self.clock, seed)
        self.http = FakeHttp()

    async def _open(self) -> Engine:
        outbound = Outbound(FakeMail(), self.http, FakePrograms())
        return await RecordingEngine.open(
            EngineConfig(data_directory=self.directory), self._world, self.runtime, outbound, InlineIsolation()
        )

    def complete(self, name: str, *states: Json) -> str:
        """Start an execution of states in a row."""
        return self.run_machine(*states, name=name)


# --- one of everything ------------------------------------------------------------------------------------------------


def make_everything(harness: ReleasedHarness, folder: Path) -> None:
    """Make one of everything, and leave the engine killed in the midst of it."""
    _deploy_job_file(harness, folder)
    _make_messages(harness)
    _make_events(harness)
    _make_logs_and_alarms(harness)
    _make_ended_executions(harness)
    _make_running_executions(harness)
    harness.advance(5 * SECOND)
    harness.die_at(1, before=False)
    try:
        harness.call("events", "PutEvents", Entries=[_event("the last one")])
    except EngineDied:
        return
    raise AssertionError("the engine was not killed")


def _deploy_job_file(harness: EngineHarness, folder: Path) -> None:
    file = folder / "lamplighter.yaml"
    file.write_text(JOB_FILE)
    body = to_json(build_template(load_job_file(file).project))
    harness.call("cloudformation", "CreateStack", StackName="nightly", TemplateBody=body, DisableRollback=True,
                 Capabilities=["CAPABILITY_NAMED_IAM"])  # fmt: skip
    harness.settle()
    (stack,) = harness.call("cloudformation", "DescribeStacks", StackName="nightly")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    harness.call("cloudformation", "CreateChangeSet", StackName="nightly", ChangeSetName="later", TemplateBody=body,
                 Capabilities=["CAPABILITY_NAMED_IAM"])  # fmt: skip
    harness.settle()


def _make_messages(harness: ReleasedHarness) -> None:
    sqs, sns = _caller(harness, "sqs"), _caller(harness, "sns")
    for name, attributes in (("dead", {}), ("inbox", {}), ("orders.fifo", {"FifoQueue": "true"})):
        sqs("CreateQueue", QueueName=name, Attributes=attributes, tags={"made": "by a test"})
    redrive = dumps({"deadLetterTargetArn": queue_arn("dead"), "maxReceiveCount": 3})
    sqs("CreateQueue", QueueName="work", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "600"})
    for text in ("visible", "in flight"):
        sqs("SendMessage", QueueUrl=queue_url("work"), MessageBody=text)
    sqs("SendMessage", QueueUrl=queue_url("work"), MessageBody="delayed", DelaySeconds=600)
    sqs("ReceiveMessage", QueueUrl=queue_url("work"), MaxNumberOfMessages=1)
    sqs("SendMessage", QueueUrl=queue_url("orders.fifo"), MessageBody="first", MessageGroupId="g",
        MessageDeduplicationId="1")  # fmt: skip
    topic = sns("CreateTopic", Name="news", Attributes={"DisplayName": "News"})["TopicArn"]
    sns("CreateTopic", Name="ordered.fifo", Attributes={"FifoTopic": "true"})
    sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue_arn("inbox"))
    hook = {"TopicArn": topic, "Protocol": "http", "Endpoint": "http://hook.example/"}
    sns("Subscribe", ReturnSubscriptionArn=True, **hook)
    sns("AddConfirmedSubscription", **hook)
    harness.settle()
    harness.http.statuses.extend([DeliveryFailed("connection refused", retryable=True)] * 3)
    sns("Publish", TopicArn=topic, Message="a message that a webhook does not accept yet", Subject="news")
    harness.settle()


def _make_events(harness: EngineHarness) -> None:
    events, scheduler = _caller(harness, "events"), _caller(harness, "scheduler")
    events("CreateEventBus", Name="orders")
    events("CreateArchive", ArchiveName="all", EventSourceArn=f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default")
    events("PutRule", Name="placed", EventPattern=dumps({"source": ["shop"]}), Description="placed orders")
    events("PutTargets", Rule="placed", Targets=[{"Id": "inbox", "Arn": queue_arn("inbox"), "InputPath": "$.detail"}])
    events("PutRule", Name="hourly", ScheduleExpression="rate(1 hour)")
    events("CreateConnection", Name="c", AuthorizationType="API_KEY",
           AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}})  # fmt: skip
    events("PutEvents", Entries=[_event("archived")])
    harness.settle()
    scheduler("CreateScheduleGroup", Name="batch")
    for name, expression, state in (
        ("often", "rate(30 minutes)", "ENABLED"),
        ("nightly", "cron(0 3 * * ? *)", "ENABLED"),
        ("once", "at(2030-01-01T00:00:00)", "ENABLED"),
        ("paused", "rate(1 minute)", "DISABLED"),
    ):
        scheduler("CreateSchedule", Name=name, GroupName="batch", ScheduleExpression=expression, State=state,
                  FlexibleTimeWindow={"Mode": "OFF"},
                  Target={"Arn": queue_arn("inbox"), "RoleArn": ROLE, "Input": name})  # fmt: skip


def _make_logs_and_alarms(harness: EngineHarness) -> None:
    logs, monitoring = _caller(harness, "logs"), _caller(harness, "monitoring")
    logs("CreateLogGroup", logGroupName="/app")
    logs("PutRetentionPolicy", logGroupName="/app", retentionInDays=30)
    logs("CreateLogStream", logGroupName="/app", logStreamName="one")
    metric = [{"metricName": "Errors", "metricNamespace": "App", "metricValue": "1"}]
    logs(
        "PutMetricFilter", logGroupName="/app", filterName="errors", filterPattern="ERROR", metricTransformations=metric
    )
    now = harness.clock.now()
    lines = [{"timestamp": now + at, "message": text} for at, text in enumerate(["started", "ERROR no disk", "ended"])]
    logs("PutLogEvents", logGroupName="/app", logStreamName="one", logEvents=lines)
    monitoring("PutMetricData", Namespace="App", MetricData=[{"MetricName": "Rows", "Value": 17.0}])
    monitoring("PutMetricAlarm", AlarmName="errors", Namespace="App", MetricName="Errors", Statistic="Sum", Period=60,
               EvaluationPeriods=1, Threshold=0.0, ComparisonOperator="GreaterThanThreshold")  # fmt: skip
    monitoring("PutCompositeAlarm", AlarmName="any", AlarmRule="ALARM(errors)")
    harness.advance(2 * MINUTE)


def _make_ended_executions(harness: ReleasedHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(lines=(("stdout", "one"), ("stderr", "two")), code=0))
    succeeded = harness.complete("succeeds", {"Type": "Pass", "Result": {"a": [1, 2.5, "é"]}}, job())
    harness.complete("fails", job(Parameters={"TaskDefinition": "no-such-task"}))
    redriven = harness.complete(
        "redriven", {"Type": "Wait", "Seconds": 1}, {"Type": "Fail", "Error": "No", "Cause": "x"}
    )
    timed_out = chain({"Type": "Wait", "Seconds": 900}) | {"TimeoutSeconds": 1}
    harness.start(harness.machine(timed_out, "times-out"))
    stopped = harness.complete("stopped", {"Type": "Wait", "Seconds": 900})
    harness.call("states", "StopExecution", executionArn=stopped, error="Stop", cause="by a test")
    harness.advance(5 * SECOND)
    assert harness.status(redriven) == "FAILED"
    harness.call("states", "RedriveExecution", executionArn=redriven)
    machine = succeeded.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    version = harness.call("states", "PublishStateMachineVersion", stateMachineArn=machine)["stateMachineVersionArn"]
    harness.call("states", "CreateStateMachineAlias", name="live",
                 routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}])  # fmt: skip


CALL_BACK: Json = {"Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                   "Parameters": {"QueueUrl": f"http://127.0.0.1:4566/{ACCOUNT}/dead",
                                  "MessageBody": {"token.$": "$$.Task.Token"}}}  # fmt: skip
"""What a state has that waits for its token, which is in a message."""


def _make_running_executions(harness: ReleasedHarness) -> None:
    wait = {"Type": "Wait", "Seconds": 600}
    activity = harness.call("states", "CreateActivity", name="knock")["activityArn"]
    harness.complete("waits", wait, {"Type": "Pass", "Result": "waited"})
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 600, "MaxAttempts": 1}]
    harness.runtime.script(Script(code=1), lambda container: container.labels.get("lamplighter.container") == "main")
    harness.complete("retries", job(Retry=retry))
    harness.complete("called-back", {"Type": "Task", "TimeoutSeconds": 86_400, **CALL_BACK})
    harness.complete("activity", {"Type": "Task", "Resource": activity, "TimeoutSeconds": 86_400})
    branches = [{"StartAt": name, "States": {name: {**state, "End": True}}}
                for name, state in (("Quick", {"Type": "Pass", "Result": 1}), ("Slow", wait))]  # fmt: skip
    harness.complete("branches", {"Type": "Parallel", "Branches": branches})
    items = {"Type": "Pass", "Result": {"items": [1, 2, 3]}}
    each = {"StartAt": "Each", "States": {"Each": {**wait, "End": True}}}
    harness.complete("maps", items, {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": each})
    children = each | {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    harness.complete("distributed", items, {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": children})
    harness.runtime.script(Script(lines=(("stdout", "begun"),), after=None))
    harness.complete("runs-a-task", job(Retry=[{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 3}]))
    definition = dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 200, "End": True}}})
    express = harness.call("states", "CreateStateMachine", name="express", type="EXPRESS", definition=definition,
                           roleArn=ROLE)["stateMachineArn"]  # fmt: skip
    harness.call("states", "StartExecution", stateMachineArn=express, name="express", input="{}")


def _event(text: str) -> Json:
    return {"Source": "shop", "DetailType": "placed", "Detail": dumps({"text": text})}


def _caller(harness: EngineHarness, service: str) -> Callable[..., Json]:
    return lambda operation, **params: harness.call(service, operation, **params)


def queue_arn(name: str) -> str:
    """Return the ARN of a queue."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def queue_url(name: str) -> str:
    """Return the URL of a queue."""
    return f"http://127.0.0.1:4566/{ACCOUNT}/{name}"


# --- all that the API answers -----------------------------------------------------------------------------------------

Call = Callable[..., Awaitable[Json]]


def read_everything(directory: Path, now: int) -> Json:
    """Return what the API answers about everything in a data directory, without changing it."""
    return asyncio.run(_read_everything(directory, now))


async def _read_everything(directory: Path, now: int) -> Json:
    store = ReadOnlyStore(directory)
    world = manual_world(ManualClock(now))
    engine = Engine(
        EngineConfig(data_directory=directory), world, store, FakeRuntime(lambda: now), None, InlineIsolation()
    )

    async def call(service: str, operation: str, **params: Json) -> Json:
        return loads(dumps(await engine.call(CALLER, service, operation, params)))

    try:
        found = {}
        for service, read in READERS.items():
            found[service] = await read(call)
        return found
    finally:
        await store.close()


async def _each(items: Iterable[Json], read: Callable[[Json], Awaitable[Json]]) -> list[Json]:
    return [await read(item) for item in items]


async def _read_states(call: Call) -> Json:
    async def machine(listed: Json) -> Json:
        arn = {"stateMachineArn": listed["stateMachineArn"]}
        described = await call("states", "DescribeStateMachine", **arn)
        if listed["type"] == "EXPRESS":
            return [described]
        executions = (await call("states", "ListExecutions", **arn))["executions"]
        return [
            described,
            await call("states", "ListStateMachineVersions", **arn),
            await call("states", "ListStateMachineAliases", **arn),
            await _each(executions, execution),
        ]

    async def execution(listed: Json) -> Json:
        arn = {"executionArn": listed["executionArn"]}
        runs = (await call("states", "ListMapRuns", **arn))["mapRuns"]
        return [
            await call("states", "DescribeExecution", **arn),
            await call("states", "GetExecutionHistory", maxResults=1000, **arn),
            await _each(runs, lambda run: call("states", "DescribeMapRun", mapRunArn=run["mapRunArn"])),
        ]

    machines = (await call("states", "ListStateMachines"))["stateMachines"]
    return [await _each(machines, machine), await call("states", "ListActivities")]


async def _read_ecs(call: Call) -> Json:
    async def cluster(arn: str) -> Json:
        stopped = (await call("ecs", "ListTasks", cluster=arn, desiredStatus="STOPPED"))["taskArns"]
        running = (await call("ecs", "ListTasks", cluster=arn))["taskArns"]
        described = (
            await call("ecs", "DescribeTasks", cluster=arn, tasks=[*running, *stopped]) if running or stopped else []
        )
        return [await call("ecs", "DescribeClusters", clusters=[arn]), described]

    clusters = (await call("ecs", "ListClusters"))["clusterArns"]
    definitions = (await call("ecs", "ListTaskDefinitions"))["taskDefinitionArns"]
    return [
        await _each(clusters, cluster),
        await _each(definitions, lambda arn: call("ecs", "DescribeTaskDefinition", taskDefinition=arn)),
    ]


async def _read_scheduler(call: Call) -> Json:
    async def schedule(listed: Json) -> Json:
        name = {"Name": listed["Name"], "GroupName": listed["GroupName"]}
        return [await call("scheduler", "GetSchedule", **name), await call("scheduler", "ListSlots", **name)]

    schedules = (await call("scheduler", "ListSchedules"))["Schedules"]
    return [await call("scheduler", "ListScheduleGroups"), await _each(schedules, schedule)]


async def _read_sqs(call: Call) -> Json:
    async def queue(url: str) -> Json:
        return [
            await call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"]),
            await call("sqs", "ListQueueTags", QueueUrl=url),
            await call("sqs", "PeekMessages", QueueArn=queue_arn(url.rpartition("/")[2])),
        ]

    return await _each((await call("sqs", "ListQueues"))["QueueUrls"], queue)


async def _read_sns(call: Call) -> Json:
    async def topic(listed: Json) -> Json:
        return [
            await call("sns", "GetTopicAttributes", **listed),
            await call("sns", "ListDeliveries", **listed),
        ]

    async def subscription(listed: Json) -> Json:
        return [listed, await call("sns", "GetSubscriptionAttributes", SubscriptionArn=listed["SubscriptionArn"])]

    subscriptions = (await call("sns", "ListSubscriptions"))["Subscriptions"]
    return [
        await _each((await call("sns", "ListTopics"))["Topics"], topic),
        await _each((each for each in subscriptions if each["SubscriptionArn"].startswith("arn:")), subscription),
    ]


async def _read_events(call: Call) -> Json:
    async def rule(listed: Json) -> Json:
        return [listed, await call("events", "ListTargetsByRule", Rule=listed["Name"])]

    archives = (await call("events", "ListArchives"))["Archives"]
    return [
        await call("events", "ListEventBuses"),
        await _each((await call("events", "ListRules"))["Rules"], rule),
        await _each(archives, lambda each: call("events", "DescribeArchive", ArchiveName=each["ArchiveName"])),
        await call("events", "ListConnections"),
    ]


async def _read_logs(call: Call) -> Json:
    async def group(listed: Json) -> Json:
        name = {"logGroupName": listed["logGroupName"]}
        streams = (await call("logs", "DescribeLogStreams", **name))["logStreams"]
        return [
            listed,
            await call("logs", "DescribeMetricFilters", **name),
            await _each(
                streams,
                lambda each: call(
                    "logs", "GetLogEvents", logStreamName=each["logStreamName"], startFromHead=True, **name
                ),
            ),
        ]

    return await _each((await call("logs", "DescribeLogGroups"))["logGroups"], group)


async def _read_monitoring(call: Call) -> Json:
    return [
        await call("monitoring", "DescribeAlarms", AlarmTypes=["MetricAlarm", "CompositeAlarm"]),
        await call("monitoring", "DescribeAlarmHistory"),
        await call("monitoring", "ListMetrics", Namespace="App"),
    ]


async def _read_cloudformation(call: Call) -> Json:
    async def stack(described: Json) -> Json:
        name = {"StackName": described["StackName"]}
        return [
            described,
            await call("cloudformation", "DescribeStackResources", **name),
            await call("cloudformation", "DescribeStackEvents", **name),
            await call("cloudformation", "GetTemplate", **name),
            await call("cloudformation", "ListChangeSets", **name),
        ]

    return await _each((await call("cloudformation", "DescribeStacks"))["Stacks"], stack)


READERS: dict[str, Callable[[Call], Awaitable[Json]]] = {
    "states": _read_states,
    "ecs": _read_ecs,
    "scheduler": _read_scheduler,
    "sqs": _read_sqs,
    "sns": _read_sns,
    "events": _read_events,
    "logs": _read_logs,
    "monitoring": _read_monitoring,
    "cloudformation": _read_cloudformation,
}
