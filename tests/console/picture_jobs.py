"""The jobs of the pictures: nightly batches of a shop, some of which failed in the night."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from lamplighter.base.json_text import Json
from tests.console import sample_jobs
from tests.console.full_engine import QUEUE, create_dead_letters
from tests.served_engine import ACCOUNT, REGION, ROLE, ServedEngine, eventually

ZONES = ("Pacific/Auckland", "Asia/Seoul", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "America/Los_Angeles")
EXPORT = 'echo "exporting $REPORT"; for i in 1 2 3 4; do echo "batch $i of 4: 2500 rows"; sleep 0.{pace}; done; '
LOSE_CONNECTION = "if mkdir '{flag}' 2>/dev/null; then echo 'ERROR: lost the connection to the database'; exit 3; fi; "
NO_TABLE = "echo 'ERROR: no such table: invoices_2026' >&2; exit 2"
OUT_OF_MEMORY = "echo 'loading 40 million rows'; kill -9 $$"
LONG_LOG = (
    "for i in $(seq 1 400); do "
    'echo "$i orders read"; test $((i % 97)) -eq 0 && echo "WARN: order $i has no price"; done; '
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the pictures show, by ARN or path."""

    pipeline: str
    succeeded: str
    """A run whose first attempt failed."""
    failed: str
    running: str
    large: str
    items: str
    """A Map Run."""
    weekly: str
    rule: str
    topic: str
    stack: str
    definition: str
    scheduled_task: str
    removed: str


def create_jobs(served: ServedEngine, folder: Path) -> Shown:
    """Create jobs with runs of a night, two of which are under way."""
    zone = find_zone()
    pipeline = served.machine(build_pipeline(served, folder), "reports-nightly")
    weekly = _create_job(served, "invoices-weekly", EXPORT.format(pace=1) + NO_TABLE, "cron(30 2 ? * * *)", zone)
    memory = _create_job(served, "customers-merge", OUT_OF_MEMORY, "cron(15 3 * * ? *)", zone)
    sample_jobs.create_schedule(served, "reports-nightly", pipeline, "cron(0 3 * * ? *)", zone)
    mirror = _create_job(
        served, "mirror-bucket", EXPORT.format(pace=2) + f"test ! -e {folder}/slow || sleep 600", "rate(6 hours)", zone
    )
    cleanup = _create_job(served, "cleanup", "sleep 0.2", "rate(1 hour)", zone)
    rule, topic = create_alert_rules(served)
    for at in range(12):
        served.ended(start_by_schedule(served, cleanup) if at == 11 else served.start(cleanup))
        if at % 3 == 0:
            served.ended(served.start(mirror))
            served.ended(served.start(pipeline, {"day": f"2026-11-{at + 10}", "parts": ["orders", "refunds"]}))
    (folder / "lost").rmdir()
    succeeded = served.start(pipeline, {"day": "2026-11-25", "parts": ["orders", "invoices", "refunds"]})
    served.ended(succeeded)
    failed = [start_by_schedule(served, each) for each in (weekly, memory)]
    items = start_items(served)
    for each in (*failed, items):
        served.ended(each)
    (folder / "slow").touch()
    running = served.start(mirror, {"bucket": "s3://shop-archive"})
    definition, scheduled_task = create_scheduled_task(served)
    (map_run,) = served.sfn.list_map_runs(executionArn=items)["mapRuns"]
    return Shown(
        pipeline=pipeline, succeeded=succeeded, failed=failed[0], running=running, large=start_large(served),
        items=map_run["mapRunArn"], weekly=weekly, rule=rule, topic=topic, stack=create_stack(served),
        definition=definition, scheduled_task=scheduled_task, removed=create_removed_job(served),
    )  # fmt: skip


def find_zone() -> str:
    """Return the zone in which the morning is nearest, because the pictures show what happened in the night."""
    return min(ZONES, key=lambda name: (datetime.now(ZoneInfo(name)).hour - 7) % 24)


def start_by_schedule(served: ServedEngine, machine: str) -> str:
    """Let the schedule of a job start it in two seconds, give it its own times back, and return the run's ARN."""
    scheduler, sfn = served.client("scheduler"), served.sfn
    known = len(sfn.list_executions(stateMachineArn=machine)["executions"])
    found = scheduler.get_schedule(Name=machine.rpartition(":")[2])
    names = ("Name", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    given = {name: found[name] for name in names}
    moment = f"{datetime.now(ZoneInfo(found['ScheduleExpressionTimezone'])) + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S}"
    scheduler.update_schedule(ScheduleExpression=f"at({moment})", **given)
    eventually(lambda: len(sfn.list_executions(stateMachineArn=machine)["executions"]) > known)
    scheduler.update_schedule(ScheduleExpression=found["ScheduleExpression"], **given)
    run: str = sfn.list_executions(stateMachineArn=machine)["executions"][0]["executionArn"]
    return run


def _create_job(served: ServedEngine, name: str, command: str, expression: str, zone: str) -> str:
    machine = sample_jobs.create_job(served, name, command)
    sample_jobs.create_schedule(served, name, machine, expression, zone)
    served.sfn.tag_resource(
        resourceArn=machine, tags=[{"key": "team", "value": "sales" if "-" in name else "platform"}]
    )
    return machine


def build_pipeline(served: ServedEngine, folder: Path) -> Json:
    """Return a definition of several steps, the first of which fails once."""
    command = LONG_LOG + EXPORT.format(pace=3) + LOSE_CONNECTION.format(flag=folder / "lost") + "echo done"
    upload: Json = {"StartAt": "Upload", "States": {"Upload": {"Type": "Wait", "Seconds": 1, "End": True}}}
    each = {"Type": "Map", "ItemsPath": "$.parts", "ItemProcessor": upload, "End": True}
    check = sample_jobs.build_task_state(served, "check", "sleep 0.6", End=True)
    branches = [
        {"StartAt": "Check sums", "States": {"Check sums": check}},
        {"StartAt": "Parts", "States": {"Parts": each}},
    ]
    extract = sample_jobs.build_task_state(
        served, "extract", command, Retry=sample_jobs.RETRY, ResultPath="$.report", Next="Publish"
    )
    extract["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Tell people"}]
    states = {
        "Extract": extract,
        "Publish": {"Type": "Parallel", "Branches": branches, "Next": "Done"},
        "Done": {"Type": "Succeed"},
        "Tell people": {"Type": "Pass", "Next": "Failed"},
        "Failed": {"Type": "Fail", "Error": "ReportFailed"},
    }
    return {"StartAt": "Extract", "States": states}


def start_items(served: ServedEngine) -> str:
    """Start a run of a distributed Map, some items of which fail, and return its ARN."""
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Price",
        "States": {
            "Price": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.price", "IsPresent": True, "Next": "Done"}],
                "Default": "No price",
            },
            "No price": {"Type": "Fail", "Error": "Order.NoPrice", "Cause": "the order has no price"},
            "Done": {"Type": "Succeed"},
        },
    }
    orders = [{"order": 4700 + at} | ({} if at % 13 == 5 else {"price": 10 + at}) for at in range(60)]
    state: Json = {"Type": "Map", "ItemsPath": "$.orders", "ItemProcessor": processor, "End": True}
    machine = served.machine({"StartAt": "Orders", "States": {"Orders": state}}, "orders-import")
    return served.start(machine, {"orders": orders})


def start_large(served: ServedEngine) -> str:
    """Start a run of many states side by side, one of which fails, and return its ARN."""
    states: dict[str, Json] = {}
    for at in range(12):
        regions = []
        for region in ("Asia", "Europe", "America"):
            load, check = f"Load {region} {at}", f"Check {region} {at}"
            end: Json = {"Type": "Pass", "End": True}
            if (at, region) == (9, "Europe"):
                end = {"Type": "Fail", "Error": "Sums.Differ", "Cause": "the sums of 9 differ by 12.30 EUR"}
            regions.append({"StartAt": load, "States": {load: {"Type": "Pass", "Next": check}, check: end}})
        states[f"Month {at}"] = {"Type": "Parallel", "Branches": regions, "Next": f"Month {at + 1}"}
    states["Month 12"] = {"Type": "Succeed"}
    run = served.start(served.machine({"StartAt": "Month 0", "States": states}, "year-end-closing"))
    served.ended(run)
    return run


def create_alert_rules(served: ServedEngine) -> tuple[str, str]:
    """Create rules that report failed attempts and failed runs; return one and the topic that they publish to."""
    events, sns = served.client("events"), served.client("sns")
    topic = sns.create_topic(Name="ops")["TopicArn"]
    create_dead_letters(served, '{"night": "2026-11-24"}', '{"night": "2026-11-25"}')
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}work")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    failed = {"lastStatus": ["STOPPED"], "containers": {"exitCode": [{"anything-but": 0}]}}
    attempt = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"], "detail": failed}
    run = {"source": ["aws.states"], "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"]}}
    rules = []
    for name, pattern in (("attempt-failed", attempt), ("run-failed", run)):
        rules.append(events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"])
        events.put_targets(Rule=name, Targets=[{"Id": "ops", "Arn": topic}])
    return rules[1], topic


def create_scheduled_task(served: ServedEngine) -> tuple[str, str]:
    """Create a task that a schedule starts; return its definition and the path of its page."""
    definition = served.task("thumbnails", ["sh", "-c", "echo 120 pictures; sleep 0.2"])
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
    served.client("scheduler").create_schedule(
        Name="thumbnails", ScheduleExpression="cron(45 4 * * ? *)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": cluster, "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}},
    )  # fmt: skip
    for _ in range(3):
        (task,) = served.ecs.run_task(
            taskDefinition=definition, startedBy="chronos-schedule/thumbnails", launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        )["tasks"]  # fmt: skip
        _wait_until_stopped(served, task["taskArn"])
    return definition, f"/scheduled-tasks/{cluster}/thumbnails"


def _wait_until_stopped(served: ServedEngine, task: str) -> None:
    eventually(lambda: served.ecs.describe_tasks(tasks=[task])["tasks"][0]["lastStatus"] == "STOPPED")


def create_stack(served: ServedEngine) -> str:
    """Create a stack and return its id."""
    resources = {
        "Orders": {"Type": "AWS::SQS::Queue"},
        "Alerts": {"Type": "AWS::SNS::Topic"},
        "Net": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    }
    cloudformation = served.client("cloudformation")
    template = json.dumps({"Resources": resources})
    made: str = cloudformation.create_stack(StackName="shop", TemplateBody=template)["StackId"]
    eventually(lambda: cloudformation.describe_stacks(StackName=made)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    return made


def create_removed_job(served: ServedEngine) -> str:
    """Create a job with a run and remove it; return its ARN."""
    machine = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "fax-reports")
    served.ended(served.start(machine))
    served.sfn.delete_state_machine(stateMachineArn=machine)
    return machine
