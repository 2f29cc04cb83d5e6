"""An engine harness with SNS, with fake mail, HTTP and commands, and with queues that store their messages as rows."""

from base64 import b64encode
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError, Unavailable
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller, Operation
from lamplighter.services.sns.tables import deliveries as notifications
from lamplighter.services.sns.tables.deliveries import SnsDelivery
from lamplighter.store.db import Tx
from tests.engine_harness import ACCOUNT, CALLER, REGION, EngineHarness, RecordingEngine
from tests.fake_outbound import FakeOutbound

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:reports"
DEAD_LETTER_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
MISSING_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:gone"
WEBHOOK = "http://hooks.example/night"
ANONYMOUS_CALLER = Caller("", "")


class QueueDoesNotExist(AwsError):
    code = "AWS.SimpleQueueService.NonExistentQueue"


class EngineWithFakeSqs(RecordingEngine):
    """An engine with queues that store their messages; the queue `gone` does not exist, and names with `-busy` fail."""

    def serve_stubs(self) -> None:
        self.bus.serve("sqs", {"SendMessage": Operation(write=_send_message)})


def _send_message(tx: Tx, caller: Caller, params: Json) -> Json:
    assert caller == CALLER
    if params["QueueUrl"].endswith("/gone"):
        raise QueueDoesNotExist("The specified queue does not exist.")
    if params["QueueUrl"].endswith("-busy"):
        raise Unavailable("busy")
    tx.execute("CREATE TABLE IF NOT EXISTS sent (id INTEGER PRIMARY KEY, queue, body)")
    tx.insert(
        "INSERT INTO sent (queue, body) VALUES (?, ?)",
        (params["QueueUrl"].split("/")[-1], dumps(_encode_bytes(params))),
    )
    return {"MessageId": "m"}


def _encode_bytes(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _encode_bytes(inner) for name, inner in value.items()}
    return b64encode(value).decode() if isinstance(value, bytes) else value


class SnsHarness(EngineHarness):
    """An engine harness with shortcuts for SNS and for the messages that endpoints received."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.out = FakeOutbound()

    async def _open(self) -> EngineWithFakeSqs:
        engine = await EngineWithFakeSqs.open(self.config, self._world, self.runtime, self.out.outbound)
        assert isinstance(engine, EngineWithFakeSqs)
        return engine

    def sns(self, operation: str, **params: Json) -> Json:
        """Call an operation of SNS, and run the work that is due immediately."""
        answer = self.call("sns", operation, **params)
        self.settle()
        return answer

    def expect_error(self, operation: str, **params: Json) -> tuple[str, str]:
        """Call an operation that must fail, and return the code and the message of its error."""
        with pytest.raises(AwsError) as error:
            self.sns(operation, **params)
        return error.value.code, error.value.message

    def call_unsigned(self, operation: str, **params: Json) -> Json:
        """Call an operation of SNS without a signature."""
        answer = self.run(self.engine.call(ANONYMOUS_CALLER, "sns", operation, params))
        self.settle()
        return loads(dumps(answer))

    def create_topic(self, name: str = "alerts", **attributes: str) -> str:
        """Create a topic and return its ARN."""
        arn: str = self.sns("CreateTopic", Name=name, Attributes=attributes)["TopicArn"]
        return arn

    def subscribe(self, topic: str, protocol: str, endpoint: str, **attributes: str) -> str:
        """Subscribe an endpoint, confirm the subscription if that is required, and return the subscription's ARN."""
        answer = self.sns(
            "Subscribe",
            TopicArn=topic,
            Protocol=protocol,
            Endpoint=endpoint,
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )
        arn: str = answer["SubscriptionArn"]
        if self.get_subscription_attributes(arn)["PendingConfirmation"] == "true":
            token = self.posted_documents()[-1]["Token"]
            self.call_unsigned("ConfirmSubscription", TopicArn=topic, Token=token)
            self.out.http.posts.clear()
        return arn

    def get_subscription_attributes(self, subscription: str) -> dict[str, str]:
        """Return the attributes of a subscription."""
        found: dict[str, str] = self.sns("GetSubscriptionAttributes", SubscriptionArn=subscription)["Attributes"]
        return found

    def publish(self, topic: str, message: str = "the batch failed", **params: Json) -> str:
        """Publish a message and return its MessageId."""
        message_id: str = self.sns("Publish", TopicArn=topic, Message=message, **params)["MessageId"]
        return message_id

    def posted_documents(self) -> list[Json]:
        """Return the documents that webhooks received."""
        return [loads(post.body) for post in self.out.http.posts]

    def mail_recipients(self) -> list[str]:
        """Return the recipients of the sent mails."""
        return [str(mail["To"]) for mail in self.out.mail.sent]

    def queued_messages(self, queue: str = "reports") -> list[Json]:
        """Return the messages that were sent to a queue."""
        if not self.engine.store.reader.rows("SELECT 1 FROM sqlite_master WHERE name = 'sent'"):
            return []
        rows = self.engine.store.reader.rows("SELECT body FROM sent WHERE queue = ? ORDER BY id", (queue,))
        return [loads(body) for (body,) in rows]

    def deliveries(self, topic: str) -> list[SnsDelivery]:
        """Return the deliveries of a topic's notifications, newest first."""
        found = notifications.recent(self.engine.store.reader, topic)
        return [delivery for delivery in found if delivery.type == "Notification"]

    def count_pending(self) -> int:
        """Return the number of outbox rows and timers of SNS."""
        return sum(
            len(self.engine.store.reader.rows(f"SELECT 1 FROM {table} WHERE service = 'sns'"))
            for table in ("outbox", "timers")
        )
