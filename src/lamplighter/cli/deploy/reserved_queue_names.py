"""Names of queues that cannot be used yet: SQS gives the name of a deleted queue away again after a minute.

A user who deploys, destroys and deploys again meets this rule. CloudFormation takes everything back then. All queues
that it made meanwhile are deleted queues as well, so that the minute counts from the end of that.
See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html.
"""

from lamplighter.cli.deploy.follow_stack import StackProgress

SECONDS = 65.0
"""How long to wait: "You must wait 60 seconds", and a little, because SQS is many machines."""
SIGNS = ("QueueDeletedRecently", "60 seconds after deleting a queue")
"""What the reason of CloudFormation contains."""


def reserved_queues(course: StackProgress) -> tuple[str, ...]:
    """The queues whose names are not free yet, if nothing else failed."""
    found = tuple(each.resource for each in course.failures if any(sign in each.reason for sign in SIGNS))
    return found if len(found) == len(course.failures) else ()
