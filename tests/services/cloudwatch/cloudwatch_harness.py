"""An engine harness with alarms, whose mail and HTTP are fakes."""

from pathlib import Path

from lamplighter.base.json_text import Json, loads
from lamplighter.engine.engine import Engine
from lamplighter.services.cloudwatch.alarms.alarm_timers import FIRST_EVALUATION_WAIT
from tests.engine_harness import ACCOUNT, REGION, EngineHarness, RecordingEngine
from tests.fake_outbound import FakeOutbound

MINUTE = 60_000
MACHINE_ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:machine"


class CloudWatchHarness(EngineHarness):
    """An engine harness with a topic that has a mail subscription and a queue subscription."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.fake_outbound = FakeOutbound()
        self.topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:people"

    async def _open(self) -> Engine:
        return await RecordingEngine.open(self.config, self._world, self.runtime, self.fake_outbound.outbound)

    def create_topic(self) -> None:
        """Create the topic and its two subscriptions."""
        self.call("sns", "CreateTopic", Name="people")
        self.call("sqs", "CreateQueue", QueueName="people")
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:people"
        self.call("sns", "Subscribe", TopicArn=self.topic, Protocol="email", Endpoint="ops@example.com")
        self.call("sns", "Subscribe", TopicArn=self.topic, Protocol="sqs", Endpoint=queue)
        self.settle()

    def put_alarm(self, name: str = "alarm", **settings: Json) -> None:
        """Put an alarm on the metric `m` of `app`: more than 10 on average in a minute."""
        defaults = {
            "Namespace": "app",
            "MetricName": "m",
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 10.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [self.topic],
        }
        self.cloudwatch("PutMetricAlarm", AlarmName=name, **defaults | settings)
        self.settle()

    def put_evaluated_alarm(self, name: str = "alarm", **settings: Json) -> None:
        """Put an alarm and advance the clock to its first evaluation."""
        self.put_alarm(name, **settings)
        self.advance(FIRST_EVALUATION_WAIT)

    def cloudwatch(self, operation: str, **params: Json) -> Json:
        """Call CloudWatch."""
        return self.call("monitoring", operation, **params)

    def put_value(self, value: float, **more: Json) -> None:
        """Put a value of the metric `m` of `app`."""
        self.cloudwatch("PutMetricData", Namespace="app", MetricData=[{"MetricName": "m", "Value": value, **more}])

    def describe_alarm(self, name: str = "alarm") -> Json:
        """Return an alarm as DescribeAlarms shows it."""
        (found,) = self.cloudwatch("DescribeAlarms", AlarmNames=[name])["MetricAlarms"]
        return found

    def state(self, name: str = "alarm") -> str:
        """Return the state of an alarm."""
        found: str = self.describe_alarm(name)["StateValue"]
        return found

    def advance_minutes(self, number: int) -> None:
        """Advance the clock minute by minute."""
        for _ in range(number):
            self.advance(MINUTE)

    def mails(self) -> list[tuple[str, str]]:
        """Return the subjects and texts of the sent mails."""
        return [(str(mail["Subject"]), mail.get_content()) for mail in self.fake_outbound.mail.sent]

    def receive_notifications(self) -> list[Json]:
        """Receive and delete the notifications in the queue."""
        url = self.call("sqs", "GetQueueUrl", QueueName="people")["QueueUrl"]
        received: list[Json] = []
        while found := self.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                received.append(loads(message["Body"]))
                self.call("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return received
