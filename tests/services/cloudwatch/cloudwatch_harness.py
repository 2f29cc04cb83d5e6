"""A harness with alarms, whose mail, web and programs are fakes."""

from pathlib import Path

from lamplighter.base.json_text import Json, loads
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.outbound.fake import FakeOutbound
from tests.engine_harness import ACCOUNT, REGION, EngineHarness, RecordingEngine

MINUTE = 60_000
QUIET = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:machine"


class CloudWatchHarness(EngineHarness):
    """The harness, with a topic that a person reads by mail and a program at a queue."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.out = FakeOutbound()
        self.topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:people"

    async def _open(self) -> Engine:
        return await RecordingEngine.open(
            EngineConfig(data_directory=self.directory), self._world, self.runtime, self.out.outbound
        )

    def people(self) -> None:
        """Make the topic and who reads it."""
        self.call("sns", "CreateTopic", Name="people")
        self.call("sqs", "CreateQueue", QueueName="people")
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:people"
        self.call("sns", "Subscribe", TopicArn=self.topic, Protocol="email", Endpoint="ops@example.com")
        self.call("sns", "Subscribe", TopicArn=self.topic, Protocol="sqs", Endpoint=queue)
        self.settle()

    def alarm(self, name: str = "alarm", **settings: Json) -> None:
        """Put an alarm on the metric `m` of `app`: more than 10 on average in a minute."""
        usual = {
            "Namespace": "app",
            "MetricName": "m",
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 10.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [self.topic],
        }
        self.cloudwatch("PutMetricAlarm", AlarmName=name, **usual | settings)
        self.settle()

    def cloudwatch(self, operation: str, **params: Json) -> Json:
        """Call CloudWatch."""
        return self.call("monitoring", operation, **params)

    def value(self, value: float, **more: Json) -> None:
        """Put a value of the metric `m` of `app`."""
        self.cloudwatch("PutMetricData", Namespace="app", MetricData=[{"MetricName": "m", "Value": value, **more}])

    def described(self, name: str = "alarm") -> Json:
        """An alarm as it is described."""
        (found,) = self.cloudwatch("DescribeAlarms", AlarmNames=[name])["MetricAlarms"]
        return found

    def state(self, name: str = "alarm") -> str:
        """The state of an alarm."""
        found: str = self.described(name)["StateValue"]
        return found

    def minutes(self, number: int) -> None:
        """Let minutes pass, one after another."""
        for _ in range(number):
            self.advance(MINUTE)

    def mails(self) -> list[tuple[str, str]]:
        """Subjects and texts of the mails that were sent."""
        return [(str(mail["Subject"]), mail.get_content()) for mail in self.out.mail.sent]

    def told(self) -> list[Json]:
        """What the program at the queue was told, and takes."""
        url = self.call("sqs", "GetQueueUrl", QueueName="people")["QueueUrl"]
        taken: list[Json] = []
        while found := self.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                taken.append(loads(message["Body"]))
                self.call("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken
