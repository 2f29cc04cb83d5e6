"""A harness whose engine's mail, web and programs are fakes, and whose queues are rows that a test can read."""

from base64 import b64encode
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError, Unavailable
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller, Operation
from lamplighter.engine.config import EngineConfig
from lamplighter.outbound.fake import FakeOutbound
from lamplighter.services.sns.tables import deliveries as notifications
from lamplighter.services.sns.tables.deliveries import SnsDelivery
from lamplighter.store.db import Tx
from tests.engine_harness import ACCOUNT, CALLER, REGION, EngineHarness, RecordingEngine

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:reports"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
GONE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:gone"
HOOK = "http://hooks.example/night"
NOBODY = Caller("", "")


class QueueDoesNotExist(AwsError):
    code = "AWS.SimpleQueueService.NonExistentQueue"


class EngineWithFakeSqs(RecordingEngine):
    """An engine with queues that keep what is sent to them; that of the name `gone` is gone."""

    def serve_stubs(self) -> None:
        self.bus.serve("sqs", {"SendMessage": Operation(write=_send)})


def _send(tx: Tx, caller: Caller, params: Json) -> Json:
    assert caller == CALLER
    if params["QueueUrl"].endswith("/gone"):
        raise QueueDoesNotExist("The specified queue does not exist.")
    if params["QueueUrl"].endswith("-busy"):
        raise Unavailable("busy")
    tx.execute("CREATE TABLE IF NOT EXISTS sent (id INTEGER PRIMARY KEY, queue, body)")
    tx.insert(
        "INSERT INTO sent (queue, body) VALUES (?, ?)", (params["QueueUrl"].split("/")[-1], dumps(_plain(params)))
    )
    return {"MessageId": "m"}


def _plain(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return b64encode(value).decode() if isinstance(value, bytes) else value


class SnsHarness(EngineHarness):
    """A harness, and what reaches people and programs from it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.out = FakeOutbound()
        self.config = EngineConfig(data_directory=directory)

    async def _open(self) -> EngineWithFakeSqs:
        engine = await EngineWithFakeSqs.open(self.config, self._world, self.runtime, self.out.outbound)
        assert isinstance(engine, EngineWithFakeSqs)
        return engine

    def sns(self, operation: str, **params: Json) -> Json:
        """Call an operation of SNS, and have what follows from it at once happen."""
        answer = self.call("sns", operation, **params)
        self.settle()
        return answer

    def refused(self, operation: str, **params: Json) -> tuple[str, str]:
        """The code and the message of the error that a call must end in."""
        with pytest.raises(AwsError) as error:
            self.sns(operation, **params)
        return error.value.code, error.value.message

    def unsigned(self, operation: str, **params: Json) -> Json:
        """Call an operation as somebody who has not signed."""
        answer = self.run(self.engine.call(NOBODY, "sns", operation, params))
        self.settle()
        return loads(dumps(answer))

    def topic(self, name: str = "alerts", **attributes: str) -> str:
        """Create a topic; its ARN."""
        arn: str = self.sns("CreateTopic", Name=name, Attributes=attributes)["TopicArn"]
        return arn

    def subscribe(self, topic: str, protocol: str, endpoint: str, **attributes: str) -> str:
        """Subscribe an endpoint, and confirm what asks for it; the subscription's ARN."""
        answer = self.sns(
            "Subscribe",
            TopicArn=topic,
            Protocol=protocol,
            Endpoint=endpoint,
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )
        arn: str = answer["SubscriptionArn"]
        if self.attributes(arn)["PendingConfirmation"] == "true":
            token = self.posted()[-1]["Token"]
            self.unsigned("ConfirmSubscription", TopicArn=topic, Token=token)
            self.out.http.posts.clear()
        return arn

    def attributes(self, subscription: str) -> dict[str, str]:
        """A subscription's attributes."""
        found: dict[str, str] = self.sns("GetSubscriptionAttributes", SubscriptionArn=subscription)["Attributes"]
        return found

    def publish(self, topic: str, message: str = "the batch failed", **params: Json) -> str:
        """Publish; the MessageId."""
        arn: str = self.sns("Publish", TopicArn=topic, Message=message, **params)["MessageId"]
        return arn

    def posted(self) -> list[Json]:
        """The documents that web servers got."""
        return [loads(post.body) for post in self.out.http.posts]

    def mailed(self) -> list[str]:
        """To whom mails went."""
        return [str(mail["To"]) for mail in self.out.mail.sent]

    def queued(self, queue: str = "reports") -> list[Json]:
        """What was sent to a queue."""
        if not self.engine.store.reader.rows("SELECT 1 FROM sqlite_master WHERE name = 'sent'"):
            return []
        rows = self.engine.store.reader.rows("SELECT body FROM sent WHERE queue = ? ORDER BY id", (queue,))
        return [loads(body) for (body,) in rows]

    def deliveries(self, topic: str) -> list[SnsDelivery]:
        """What is known of the deliveries of a topic's messages, the newest first."""
        found = notifications.recent(self.engine.store.reader, topic)
        return [delivery for delivery in found if delivery.type == "Notification"]

    def left(self) -> int:
        """How much of SNS is still to be done."""
        return sum(
            len(self.engine.store.reader.rows(f"SELECT 1 FROM {table} WHERE service = 'sns'"))
            for table in ("outbox", "timers")
        )
