"""Find, list and delete the resources of deliveries, with AWS's errors.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeDeliverySources.html.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.logs import lookup as arns
from lamplighter.services.logs.errors import NotInAccount
from lamplighter.services.logs.tables import resources
from lamplighter.services.logs.tables.resources import LogResource
from lamplighter.store.db import Reader


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """A kind of resource, and its words in requests, answers and errors."""

    kind: resources.Kind
    title: str
    member: str
    members: str

    def find(self, reader: Reader, caller: Caller, name: str) -> LogResource:
        """Return a resource. Raises `NotInAccount`."""
        found = resources.get(reader, caller.account, caller.region, self.kind, name)
        return require(found, lambda: NotInAccount(self.title))

    def describe(self, reader: Reader, caller: Caller, params: Json, is_wanted: Callable[[Json], bool]) -> Json:
        """Return a page of the wanted resources; a page examines as many resources as it may have."""
        read = partial(resources.page, reader, caller.account, caller.region, self.kind)
        examined, token = arns.PAGES.cut(params, "", read, lambda each: each.name)
        return {self.members: [to_api(each) for each in examined if is_wanted(each.body)]} | token


SOURCES = ResourceKind("delivery-source", "Delivery Source", "deliverySource", "deliverySources")
DESTINATIONS = ResourceKind(
    "delivery-destination", "Delivery Destination", "deliveryDestination", "deliveryDestinations"
)
DELIVERIES = ResourceKind("delivery", "Delivery", "delivery", "deliveries")


def to_api(found: LogResource) -> Json:
    """Return a resource as the API shows it."""
    shown = {name: value for name, value in found.body.items() if name != "policy"}
    return {**shown, "arn": found.arn, **({"tags": found.tags} if found.tags else {})}


def all_resources(reader: Reader, caller: Caller, kind: ResourceKind) -> list[LogResource]:
    """Return all resources of a kind; an account has at most some thousands."""
    return resources.page(reader, caller.account, caller.region, kind.kind, "", -1)
