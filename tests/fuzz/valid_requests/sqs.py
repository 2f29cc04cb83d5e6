"""Valid requests of SQS."""

from lamplighter.base.json_text import Json, dumps
from tests.fuzz.known_texts import ACCOUNT
from tests.fuzz.valid_requests.place import QUEUE_URL, SQS

QUEUE: Json = {"QueueUrl": QUEUE_URL}
HANDLE: Json = {**QUEUE, "ReceiptHandle": "${receipthandle}"}
REDRIVE = dumps({"deadLetterTargetArn": f"{SQS}:b", "maxReceiveCount": 1})

BEGIN: list[tuple[str, Json]] = [
    ("CreateQueue", {"QueueName": "a"}),
    ("CreateQueue", {"QueueName": "b"}),
    ("CreateQueue", {"QueueName": "a.fifo", "Attributes": {"FifoQueue": "true"}}),
    ("SetQueueAttributes", {**QUEUE, "Attributes": {"RedrivePolicy": REDRIVE}}),
    ("GetQueueAttributes", {**QUEUE, "AttributeNames": ["All"]}),
    ("GetQueueUrl", {"QueueName": "a"}),
    ("ListQueues", {}),
    ("ListDeadLetterSourceQueues", {"QueueUrl": f"{QUEUE_URL[:-1]}b"}),
    ("SendMessage", {**QUEUE, "MessageBody": "a"}),
    ("SendMessage", {
        "QueueUrl": f"{QUEUE_URL}.fifo", "MessageBody": "a", "MessageGroupId": "g", "MessageDeduplicationId": "d",
    }),
    ("SendMessageBatch", {**QUEUE, "Entries": [{"Id": "1", "MessageBody": "a"}, {"Id": "2", "MessageBody": "b"}]}),
    ("ReceiveMessage", {**QUEUE, "VisibilityTimeout": 5}),
    ("ChangeMessageVisibility", {**HANDLE, "VisibilityTimeout": 9}),
    ("ChangeMessageVisibilityBatch", {
        **QUEUE, "Entries": [{"Id": "1", "ReceiptHandle": "${receipthandle}", "VisibilityTimeout": 9}],
    }),
    ("DeleteMessage", HANDLE),
    ("ReceiveMessage", QUEUE),
    ("DeleteMessageBatch", {**QUEUE, "Entries": [{"Id": "1", "ReceiptHandle": "${receipthandle}"}]}),
    ("SendMessageBatch", {
        "QueueUrl": f"{QUEUE_URL[:-1]}b", "Entries": [{"Id": str(at), "MessageBody": "x"} for at in range(9)],
    }),
    ("StartMessageMoveTask", {
        "SourceArn": f"{SQS}:b", "DestinationArn": f"{SQS}:a", "MaxNumberOfMessagesPerSecond": 1,
    }),
    ("ListMessageMoveTasks", {"SourceArn": f"{SQS}:b"}),
    ("CancelMessageMoveTask", {"TaskHandle": "${taskhandle}"}),
    ("AddPermission", {**QUEUE, "Label": "a", "AWSAccountIds": [ACCOUNT], "Actions": ["SendMessage"]}),
    ("TagQueue", {**QUEUE, "Tags": {"a": "b"}}),
    ("ListQueueTags", QUEUE),
]  # fmt: skip
END: list[tuple[str, Json]] = [
    ("UntagQueue", {**QUEUE, "TagKeys": ["a"]}),
    ("RemovePermission", {**QUEUE, "Label": "a"}),
    ("PurgeQueue", QUEUE),
    ("DeleteQueue", QUEUE),
]
