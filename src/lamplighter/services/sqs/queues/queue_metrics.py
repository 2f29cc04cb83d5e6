"""MeasureMessages: what CloudWatch's metric NumberOfMessagesSent of a queue is made of.

On the bus only; the wire, which goes by AWS's models, does not know it. Messages that a redrive policy or a move task
brings are not counted: "If a message is moved to a DLQ as a result of a failed processing attempt, it isn't captured by
this metric." See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.sqs.tables import sent_counts
from lamplighter.store.db import Reader


def measure_messages(reader: Reader, caller: Caller, params: Json) -> Json:
    """MeasureMessages: [minute, how many messages were sent in it], in order."""
    times = (params["start"], params["end"])
    return sent_counts.measure(reader, caller.account, caller.region, params["queue"], *times)
