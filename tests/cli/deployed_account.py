"""An engine that plays AWS, with a deployed project in which a test breaks something by hand."""

import json
from pathlib import Path

from lamplighter.base.json_text import Json
from tests.cli.aws_account import run_command, write_job_file
from tests.command_process import CommandResult
from tests.served_engine import ServedEngine

JOBS = """
    project: reports
    defaults: {image: busybox, network: {subnets: [subnet-0a1b2c3d]}}
    channels:
      ops: {email: ops@example.com}
      hook: {webhook: "http://127.0.0.1:9/hook"}
      pager: {sqs: "arn:aws:sqs:us-east-1:123456789012:pager"}
    jobs:
      nightly: {schedule: "0 3 * * *", notify: {run-failed: [ops, pager], did-not-start: [ops, hook]}}
"""
PAGER = "arn:aws:sqs:us-east-1:123456789012:pager"


def as_policy(*statements: Json) -> str:
    """Return the text of a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class Account:
    """An engine that plays AWS, and the folder of the job file that is deployed to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = ServedEngine(folder / "data")
        self.url = ""
        """The URL of another account that takes the engine's place."""
        self.keys: dict[str, str] = {}
        """The variables with the caller's keys."""

    def deploy(self, *options: str) -> None:
        """Start the engine and deploy the job file."""
        self.engine.up(*options)
        send = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": PAGER}
        self.engine.client("sqs").create_queue(QueueName="pager", Attributes={"Policy": as_policy(send)})
        write_job_file(self.folder, JOBS)
        deployed = self.command("deploy", "--yes")
        assert deployed.code == 0, deployed

    def call_as_role(self, *allowed: str) -> None:
        """Let the commands call with a role that is allowed these actions from now on."""
        iam = self.engine.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
        role = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=as_policy(trust))["Role"]["Arn"]
        allow = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
        iam.put_role_policy(RoleName="caller", PolicyName="own", PolicyDocument=as_policy(allow))
        sts = self.engine.client("sts")
        made = sts.assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
        names = {
            "AccessKeyId": "ACCESS_KEY_ID",
            "SecretAccessKey": "SECRET_ACCESS_KEY",
            "SessionToken": "SESSION_TOKEN",
        }
        self.keys = {f"AWS_{name}": made[key] for key, name in names.items()}

    def command(self, *words: str) -> CommandResult:
        """Run a command that takes the engine for AWS."""
        where = {"AWS_ENDPOINT_URL": self.url or self.engine.url, "AWS_REGION": "us-east-1"}
        return run_command(self.folder, *words, **where, **self.keys)

    def findings(self, command: str) -> set[tuple[str, str, str]]:
        """Return what a command finds that is not good."""
        made = self.command(*command.split(), "--json")
        assert made.err == "", made
        document = json.loads(made.out)
        found = document["drift"] if command == "diff" else document["findings"]
        return {(each["state"], each["about"], each["says"]) for each in found if each["state"] != "good"}

    def subscription(self, endpoint: str) -> str:
        """Return the ARN of a subscription."""
        listed = self.engine.client("sns").list_subscriptions()["Subscriptions"]
        (found,) = (each["SubscriptionArn"] for each in listed if each["Endpoint"] == endpoint)
        return str(found)

    def set_policy(self, channel: str, *statements: Json) -> None:
        """Replace the policy of a channel's topic; the statements name no resource."""
        topic = f"arn:aws:sns:us-east-1:123456789012:reports-{channel}"
        policy = as_policy(*({**each, "Resource": topic} for each in statements))
        self.engine.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
