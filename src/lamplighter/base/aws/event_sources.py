"""List the sources of the events that services of the engine send to EventBridge, and how reliably AWS delivers them.

"Best effort delivery means that the service attempts to send all events to EventBridge, but in some rare cases an event
might not be delivered. Durable delivery means the service will successfully attempt to deliver events to EventBridge at
least once." See https://docs.aws.amazon.com/eventbridge/latest/ref/event-delivery-level.html, and the page of each
service there. EventBridge Scheduler (aws.scheduler) sends none but AWS CloudTrail's, which the engine does not have.
"""

from enum import StrEnum


class EventSource(StrEnum):
    """The source of a service's events."""

    CLOUDFORMATION = "aws.cloudformation"
    CLOUDWATCH = "aws.cloudwatch"
    ECS = "aws.ecs"
    S3 = "aws.s3"
    SSM = "aws.ssm"
    STATES = "aws.states"


BEST_EFFORT = (EventSource.SSM, EventSource.STATES)
"""The sources whose events AWS delivers as best effort; those of the others are durable."""
