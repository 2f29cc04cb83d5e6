"""Connect SQS to the engine: its operations by AWS's names, and its timers.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html. The wire layer has
already checked the input against the model's shapes; each operation checks the meaning.
"""

from collections.abc import Mapping

from lamplighter.base.world import World
from lamplighter.bus import Operation, Service
from lamplighter.services.sqs.messages.delete_and_change_visibility import ReceivedMessageOperations
from lamplighter.services.sqs.messages.long_polls import LongPolls
from lamplighter.services.sqs.messages.peek_messages import MessagePeeker
from lamplighter.services.sqs.messages.queue_messages import QueueMessages
from lamplighter.services.sqs.messages.send_message import MessageSender
from lamplighter.services.sqs.messages.waiting_receivers import WaitingReceivers
from lamplighter.services.sqs.queues import move_tasks, permissions, tags
from lamplighter.services.sqs.queues.move_tasks import MoveTasks
from lamplighter.services.sqs.queues.queues import Queues, find_policy, measure_age, measure_messages
from lamplighter.services.sqs.tables.queues import SERVICE
from lamplighter.store.db import Store, Tx
from lamplighter.store.timers import Timer


class Sqs(Service):
    """The SQS service of one engine."""

    name = SERVICE

    def __init__(self, store: Store, world: World, url: str) -> None:
        waiting_receivers = WaitingReceivers()
        self._queue_messages = queue_messages = QueueMessages(world, waiting_receivers)
        self._moves = moves = MoveTasks(world, queue_messages)
        queues, sender = Queues(world, url, queue_messages), MessageSender(world, queue_messages)
        received_messages = ReceivedMessageOperations(world, queue_messages)
        polls = LongPolls(store, world, waiting_receivers, queue_messages)
        peeker = MessagePeeker(world, queue_messages, moves)
        self.operations: Mapping[str, Operation] = {
            "CreateQueue": Operation(write=queues.create),
            "DeleteQueue": Operation(write=queues.delete),
            "GetQueueUrl": Operation(read=queues.get_url),
            "ListQueues": Operation(read=queues.list),
            "GetQueueAttributes": Operation(read=queues.get_attributes),
            "FindPolicy": Operation(read=find_policy),
            "SetQueueAttributes": Operation(write=queues.set_attributes),
            "PurgeQueue": Operation(write=queues.purge),
            **tags.OPERATIONS.changes("Queue"),
            "ListQueueTags": Operation(read=tags.list_tags),
            "AddPermission": Operation(write=permissions.add_permission),
            "RemovePermission": Operation(write=permissions.remove_permission),
            "SendMessage": Operation(write=sender.send),
            "SendMessageBatch": Operation(write=sender.send_batch),
            "ReceiveMessage": Operation(read=polls.receive),
            "DeleteMessage": Operation(write=received_messages.delete),
            "DeleteMessageBatch": Operation(write=received_messages.delete_batch),
            "ChangeMessageVisibility": Operation(write=received_messages.change_visibility),
            "ChangeMessageVisibilityBatch": Operation(write=received_messages.change_visibility_batch),
            "ListDeadLetterSourceQueues": Operation(read=queues.list_sources),
            "StartMessageMoveTask": Operation(write=moves.start),
            "ListMessageMoveTasks": Operation(read=moves.list),
            "CancelMessageMoveTask": Operation(write=moves.cancel),
            # These are not operations of AWS: CloudWatch and the console call them.
            "MeasureMessages": Operation(read=measure_messages),
            "MeasureAge": Operation(read=measure_age),
            "PeekMessages": Operation(read=peeker.peek),
            "RedriveMessage": Operation(write=peeker.redrive_message),
            "DeleteMessageById": Operation(write=peeker.delete_message),
        }

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Delete expired messages of a queue, or continue a message move task."""
        if timer.name == move_tasks.TIMER_NAME:
            self._moves.fire_timer(tx, timer)
        else:
            self._queue_messages.sweep(tx, int(timer.subject))
