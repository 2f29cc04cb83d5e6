"""An engine with something to show on every page around the jobs."""

import json

from lamplighter.base.json_text import Json
from tests.console import sample_jobs
from tests.served_engine import ACCOUNT, REGION, ROLE, ServedEngine, eventually

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"


def create_dead_letters(engine: ServedEngine, *bodies: str) -> str:
    """Move messages with these bodies to a dead-letter queue, and return their original queue's URL."""
    sqs = engine.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": f"{QUEUE}dead", "maxReceiveCount": 1})
    url: str = sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)

    def all_dead() -> bool:
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return count_messages(engine, dead) == len(bodies)

    eventually(all_dead)
    return url


def count_messages(engine: ServedEngine, url: str) -> int:
    answer = engine.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def fill_engine(engine: ServedEngine) -> list[str]:
    """Fill an engine so that every page shows something, and return the pages' paths."""
    engine.ecs.create_cluster()
    execution = engine.start(sample_jobs.create_job(engine, "nightly", "echo reading; exit 3"))
    create_dead_letters(engine, '{"night": 1}')
    topic = engine.client("sns").create_topic(Name="ops")["TopicArn"]
    engine.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}work")
    engine.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}nowhere")
    engine.client("sns").publish(TopicArn=topic, Message="all is well")
    rule = _create_rule(engine, topic)
    engine.client("events").put_events(Entries=[{"Source": "shop", "DetailType": "sale", "Detail": '{"total": 5}'}])
    engine.client("events").put_rule(Name="pulse", ScheduleExpression="rate(5 minutes)")
    sample_jobs.create_schedule(
        engine, "nightly", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:nightly", "cron(0 3 * * ? *)"
    )
    stack = _create_stack(engine)
    engine.ended(execution)
    (task,) = eventually(lambda: engine.ecs.list_tasks(desiredStatus="STOPPED")["taskArns"])
    definition = engine.ecs.list_task_definitions()["taskDefinitionArns"][0]
    scheduled_task = create_scheduled_task(engine, definition)
    list_pages = ["/calendar", "/tasks", "/definitions", "/events", "/rules", "/topics", "/queues", "/stacks", "/audit"]
    detail_pages = ["/events/1", f"/queues/{QUEUE}dead", f"/stacks/{stack}", f"/stacks/{stack}/template"]
    return [
        *list_pages,
        *detail_pages,
        f"/rules/{rule}",
        f"/topics/{topic}",
        f"/tasks/{task}",
        scheduled_task,
        f"/definitions/{definition}",
    ]


def create_scheduled_task(engine: ServedEngine, definition: str) -> str:
    """Create a job that is a task of a schedule, and return the path of its page."""
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
    engine.client("scheduler").create_schedule(
        Name="task-at-night", ScheduleExpression="cron(0 3 * * ? *)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": cluster, "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}},
    )  # fmt: skip
    return f"/scheduled-tasks/{cluster}/{definition.rpartition('/')[2].partition(':')[0]}"


def create_removed_job(engine: ServedEngine) -> list[str]:
    """Create a removed job with a run, and return the paths of the pages that name it."""
    machine = engine.machine({"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Sales.Missing"}}}, "old")
    engine.ended(engine.start(machine))
    engine.sfn.delete_state_machine(stateMachineArn=machine)
    return ["/", f"/jobs/{machine}"]


def _create_rule(engine: ServedEngine, topic: str) -> str:
    pattern: Json = {
        "source": ["shop"],
        "$or": [{"detail": {"total": [{"numeric": [">", 9]}]}}, {"detail-type": ["sale"]}],
    }
    rule: str = engine.client("events").put_rule(Name="sales", EventPattern=json.dumps(pattern))["RuleArn"]
    engine.client("events").put_targets(Rule="sales", Targets=[{"Id": "ops", "Arn": topic}])
    return rule


def _create_stack(engine: ServedEngine) -> str:
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Net": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    }
    cloudformation = engine.client("cloudformation")
    made: str = cloudformation.create_stack(StackName="reports", TemplateBody=json.dumps({"Resources": resources}))[
        "StackId"
    ]
    eventually(lambda: cloudformation.describe_stacks(StackName=made)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    return made
