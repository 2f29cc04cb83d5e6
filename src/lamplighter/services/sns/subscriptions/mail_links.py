"""Describe the subscription of a link in a mail, for the page that the link opens (AWS has no such operation).

Changes nothing, because mail scanners open every link.
"""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.sns.tables import subscriptions as rows
from lamplighter.store.db import Reader

GONE = "GONE"
"""The status of a subscription that does not exist: it was deleted, or its token has expired."""


def find_subscription(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle FindSubscription: return the subscription that a token confirms, or that a SubscriptionArn names."""
    if "Token" in params:
        found = rows.by_token(reader, params["Token"])
        found = found if found is not None and found.topic == params.get("TopicArn") else None
    else:
        found = rows.get(reader, params["SubscriptionArn"])
    if found is None:
        return {"Status": GONE}
    return {
        "Status": found.status,
        "TopicArn": found.topic,
        "Protocol": found.protocol,
        "Endpoint": found.endpoint,
        "Locked": found.locked,
    }
