"""What there is to see around the jobs: an engine with something on every page."""

import json

from lamplighter.base.json_text import Json
from tests.console import sample_jobs
from tests.served_engine import ACCOUNT, REGION, ServedEngine, eventually

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"


def dead_letters(engine: ServedEngine, *bodies: str) -> str:
    """A queue whose messages of these bodies are dead letters now; its URL."""
    sqs = engine.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": f"{QUEUE}dead", "maxReceiveCount": 1})
    url: str = sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)

    def all_dead() -> bool:
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return waiting(engine, dead) == len(bodies)

    eventually(all_dead)
    return url


def waiting(engine: ServedEngine, url: str) -> int:
    told = engine.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return int(told["Attributes"]["ApproximateNumberOfMessages"])


def filled(engine: ServedEngine) -> list[str]:
    """An engine with something on every page; their paths."""
    engine.ecs.create_cluster()
    execution = engine.start(sample_jobs.job(engine, "nightly", "echo reading; exit 3"))
    dead_letters(engine, '{"night": 1}')
    topic = engine.client("sns").create_topic(Name="ops")["TopicArn"]
    engine.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}work")
    engine.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}nowhere")
    engine.client("sns").publish(TopicArn=topic, Message="all is well")
    rule = _rule(engine, topic)
    engine.client("events").put_events(Entries=[{"Source": "shop", "DetailType": "sale", "Detail": '{"total": 5}'}])
    engine.client("events").put_rule(Name="pulse", ScheduleExpression="rate(5 minutes)")
    sample_jobs.schedule(
        engine, "nightly", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:nightly", "cron(0 3 * * ? *)"
    )
    stack = _stack(engine)
    engine.ended(execution)
    (task,) = eventually(lambda: engine.ecs.list_tasks(desiredStatus="STOPPED")["taskArns"])
    definition = engine.ecs.list_task_definitions()["taskDefinitionArns"][0]
    lists = ["/calendar", "/tasks", "/definitions", "/events", "/rules", "/topics", "/queues", "/stacks"]
    seen = ["/events/1", f"/queues/{QUEUE}dead", f"/stacks/{stack}", f"/stacks/{stack}/template"]
    return [*lists, *seen, f"/rules/{rule}", f"/topics/{topic}", f"/tasks/{task}", f"/definitions/{definition}"]


def removed(engine: ServedEngine) -> list[str]:
    """A job that was removed, with a run; the paths of the pages that name it."""
    machine = engine.machine({"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Sales.Missing"}}}, "old")
    engine.ended(engine.start(machine))
    engine.sfn.delete_state_machine(stateMachineArn=machine)
    return ["/", f"/jobs/{machine}"]


def _rule(engine: ServedEngine, topic: str) -> str:
    pattern: Json = {
        "source": ["shop"],
        "$or": [{"detail": {"total": [{"numeric": [">", 9]}]}}, {"detail-type": ["sale"]}],
    }
    rule: str = engine.client("events").put_rule(Name="sales", EventPattern=json.dumps(pattern))["RuleArn"]
    engine.client("events").put_targets(Rule="sales", Targets=[{"Id": "ops", "Arn": topic}])
    return rule


def _stack(engine: ServedEngine) -> str:
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
