"""How the last deliveries of a topic went. On the bus under the name ListDeliveries; the wire does not know it."""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.sns.arns import find_topic
from lamplighter.services.sns.tables import deliveries
from lamplighter.services.sns.tables.deliveries import SnsDelivery
from lamplighter.store.db import Reader

PAGE = 50


def list_deliveries(reader: Reader, _caller: Caller, params: Json) -> Json:
    """ListDeliveries: the latest first, those before one where that is said."""
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
    }
