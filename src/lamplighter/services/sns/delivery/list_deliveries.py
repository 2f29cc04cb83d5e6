"""List the latest deliveries of a topic. ListDeliveries exists only on the bus: it cannot be called over HTTP."""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.sns.arns import find_topic
from lamplighter.services.sns.tables import deliveries
from lamplighter.services.sns.tables.deliveries import SnsDelivery
from lamplighter.store.db import Reader

PAGE = 50


def list_deliveries(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListDeliveries: return the latest deliveries first; with `Before`, those before that delivery."""
    topic = find_topic(reader, params["TopicArn"])
    found = deliveries.recent(reader, topic.arn, params.get("Before"), PAGE + 1)
    answer: Json = {"Deliveries": [_shown(each) for each in found[:PAGE]]}
    return answer | ({"Before": found[PAGE - 1].id} if len(found) > PAGE else {})


def _shown(delivery: SnsDelivery) -> Json:
    return {
        "SubscriptionArn": delivery.subscription,
        "Protocol": delivery.protocol,
        "Endpoint": delivery.endpoint,
        "MessageId": delivery.message,
        "Type": delivery.type,
        "Status": delivery.status,
        "Attempts": delivery.attempts,
        "Created": delivery.created / 1000,
        "Changed": delivery.changed / 1000,
        "Error": delivery.error,
        "Execution": delivery.execution,
    }
