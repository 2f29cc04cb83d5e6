"""For any parameters, SQS returns an answer that the protocols can encode, or an error of AWS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.wire.models.catalog import ModelCatalog
from tests.property_settings import examples
from tests.services.sqs.sqs_harness import SqsHarness, arn, redrive_policy

CATALOG = ModelCatalog()
MODEL = CATALOG.service("sqs").model
OPERATIONS = sorted(MODEL.operation_names)
NAMES = ("letters", "letters.fifo", "dead", "nobody")
URL = "http://127.0.0.1:4566/123456789012/"

texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.sampled_from(["", "0", "1", "true", "queue", "{}", "All", ".*"]),
)
numbers = st.one_of(st.integers(-2, 25), st.sampled_from([43_200, 43_201, 2**31, 2**63, 10**30, -(10**30)]))
arns = st.sampled_from([arn(name) for name in (*NAMES[:3] * 5, "nobody")] + ["x"])
policies = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "deadLetterTargetArn": st.one_of(arns, texts, numbers),
            "maxReceiveCount": st.one_of(numbers, texts),
            "redrivePermission": st.sampled_from(["allowAll", "denyAll", "byQueue", "x", 1, None]),
            "sourceQueueArns": st.one_of(st.lists(arns, max_size=2), texts),
            "Statement": st.one_of(texts, st.lists(st.dictionaries(st.just("Sid"), texts), max_size=2)),
        },
    ),
    st.lists(numbers, max_size=1),
    texts,
    numbers,
).map(dumps)
VALUES_BY_NAME = {
    "QueueUrl": st.sampled_from([URL + name for name in (*NAMES[:3] * 5, "nobody")] + ["x", "http://["]),
    "QueueName": st.one_of(st.sampled_from(NAMES), texts),
    "SourceArn": arns,
    "DestinationArn": arns,
    "MessageBody": st.sampled_from(["x", "y", "ä🕯", "\x00", ""]),
    "MessageGroupId": st.one_of(st.sampled_from("ab"), texts),
    "Id": st.sampled_from([*"abcdefghijklmnopqrst", "", "ä"]),
    "DataType": st.sampled_from(["String", "Number", "Binary", "String.x", "X", ""]),
}


class FilledQueues:
    """A harness with queues and messages, and the receipt handles of received messages."""

    def __init__(self, directory: Path) -> None:
        self.harness = SqsHarness(directory)
        self.harness.up()
        self.refill()

    def refill(self) -> None:
        """Create the queues and messages again, after a minute, when the names of deleted queues are free."""
        self.harness.pass_time(61)
        dead = self.harness.queue("dead")
        try:
            urls = [self.harness.queue("letters", RedrivePolicy=redrive_policy("dead", 2)), self.harness.fifo()]
        except AwsError:
            urls = [URL + "letters", URL + "letters.fifo"]  # they exist with other attributes
        for number in range(3):
            self.harness.send(dead, str(number))
            self.harness.start_call("SendMessage", QueueUrl=urls[0], MessageBody=str(number))
        self.handles = [message["ReceiptHandle"] for message in self.harness.receive(dead, 2)]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledQueues]:
    harness = FilledQueues(tmp_path_factory.mktemp("fuzz") / "data")
    yield harness
    harness.harness.close()


def values_of_shape(shape: Shape, name: str, handles: list[str]) -> st.SearchStrategy[Json]:
    """Return a strategy for valid and invalid values of a shape."""
    if name == "ReceiptHandle":
        return st.sampled_from([*handles, *handles, "x"])
    if name in VALUES_BY_NAME:
        return VALUES_BY_NAME[name]
    match shape.type_name:
        case "structure":
            members = {key: values_of_shape(member, key, handles) for key, member in shape.members.items()}
            required = {key: members.pop(key) for key in shape.required_members}
            return st.fixed_dictionaries(required, optional=members)
        case "list":
            return st.lists(values_of_shape(shape.member, shape.member.name, handles), max_size=3)
        case "map":
            known = shape.key.metadata.get("enum")
            keys = st.one_of(st.sampled_from(known), texts) if known else texts
            return st.dictionaries(
                keys,
                st.one_of(values_of_shape(shape.value, "", handles), policies)
                if known
                else values_of_shape(shape.value, "", handles),
                max_size=3,
            )
        case "integer" | "long":
            return numbers
        case "boolean":
            return st.booleans()
        case "blob":
            return st.binary(max_size=3)
        case _:
            known = shape.metadata.get("enum")
            return st.one_of(st.sampled_from(known), texts) if known else texts


@pytest.mark.parametrize("name", OPERATIONS)
@settings(
    deadline=None,
    derandomize=True,
    max_examples=examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_every_answer_can_be_encoded_and_every_error_is_one_of_aws(
    harness: FilledQueues, name: str, data: st.DataObject
) -> None:
    shape = MODEL.operation_model(name).input_shape
    assert shape is not None
    params = data.draw(values_of_shape(shape, "", harness.handles), label="params")
    operations = [CATALOG.operation("sqs", name, protocol) for protocol in ("json", "query")]
    try:
        operations[0].check(params)
    except AwsError:
        return
    task = harness.harness.start_call(name, **params)
    harness.harness.settle()
    harness.harness.pass_time(21)
    assert task.done()
    error = task.exception()
    if error is None:
        for operation in operations:
            assert operation.encode(task.result(), "id").status == 200
    else:
        assert isinstance(error, AwsError), error
        assert error.status in (400, 403, 404)
    if name in ("DeleteQueue", "PurgeQueue", "SetQueueAttributes"):
        harness.refill()
