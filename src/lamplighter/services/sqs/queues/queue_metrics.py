"""Measure sent messages, from which CloudWatch makes a queue's metric NumberOfMessagesSent.

MeasureMessages exists on the bus only; it is not in AWS's models, so clients cannot call it. Messages that a redrive
policy or a move task brings are not counted: "If a message is moved to a DLQ as a result of a failed processing
attempt, it isn't captured by this metric." See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.sqs.tables import sent_counts
from lamplighter.store.db import Reader


def measure_messages(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return [minute, number of messages sent] in order (MeasureMessages)."""
    times = (params["start"], params["end"])
    return sent_counts.counts_by_minute(reader, caller.account, caller.region, params["queue"], *times)
