"""Detect names of queues that cannot be used yet: SQS reserves the name of a deleted queue for a minute.

A user who deploys, destroys and deploys again meets this rule. CloudFormation then rolls everything back. The queues
that it created in the meantime are deleted as well, so the minute counts from the end of the rollback.
See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html.
"""

from lamplighter.cli.deploy.stack.follow_stack import StackProgress

WAIT_SECONDS = 65.0
"""Seconds to wait: "You must wait 60 seconds", and a few more, because SQS runs on many machines."""
REASON_PARTS = ("QueueDeletedRecently", "60 seconds after deleting a queue")
"""Parts of the reason that CloudFormation reports for such a queue."""


def find_reserved_queues(progress: StackProgress) -> tuple[str, ...]:
    """Return the queues that failed because SQS still reserves their names; return none if another resource failed,
    too.
    """
    found = tuple(each.resource for each in progress.failures if any(sign in each.reason for sign in REASON_PARTS))
    return found if len(found) == len(progress.failures) else ()
