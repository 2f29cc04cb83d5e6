"""Put, get, list and delete delivery sources and delivery destinations.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html and
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliveryDestination.html.
"""

from dataclasses import replace

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, loads_unique
from lamplighter.bus import Caller
from lamplighter.services.logs import tags
from lamplighter.services.logs.delivery.log_types import LOG_TYPES
from lamplighter.services.logs.delivery.named_resources import (
    DELIVERIES,
    DESTINATIONS,
    SOURCES,
    ResourceKind,
    all_resources,
    to_api,
)
from lamplighter.services.logs.errors import Conflict, InvalidDelivery, ServiceNotAccessible
from lamplighter.services.logs.tables import resources
from lamplighter.services.logs.tables.resources import LogResource
from lamplighter.store.db import Reader, Tx

DESTINATION_TYPES = {"s3": "S3", "logs": "CWL", "firehose": "FH"}
"""The types of delivery destinations by the service in the ARN."""
XRAY = "XRAY"


def put_source(tx: Tx, caller: Caller, params: Json) -> Json:
    """Create or replace a delivery source (`PutDeliverySource`)."""
    resource, kind = arn.parse(params["resourceArn"]), params["logType"]
    if resource is None or kind not in LOG_TYPES.get(resource.service, ()):
        raise ServiceNotAccessible
    old = resources.get(tx, caller.account, caller.region, SOURCES.kind, params["name"])
    if old is not None and (old.body["resourceArns"], old.body["logType"]) != ([params["resourceArn"]], kind):
        raise Conflict("The delivery source exists with another resource or another type of logs.")
    body = {
        "name": params["name"],
        "resourceArns": [params["resourceArn"]],
        "service": resource.service,
        "logType": kind,
    }
    if "deliverySourceConfiguration" in params:
        body["deliverySourceConfiguration"] = params["deliverySourceConfiguration"]
    return _save(tx, caller, SOURCES, body, params)


def put_destination(tx: Tx, caller: Caller, params: Json) -> Json:
    """Create or replace a delivery destination (`PutDeliveryDestination`)."""
    configuration = params.get("deliveryDestinationConfiguration")
    target = arn.parse(configuration["destinationResourceArn"]) if configuration else None
    kind = DESTINATION_TYPES.get(target.service) if target else params.get("deliveryDestinationType")
    if kind is None or (target is None and kind != XRAY) or params.get("deliveryDestinationType", kind) != kind:
        raise InvalidDelivery(
            "deliveryDestinationConfiguration must name a log group, an S3 bucket or a Firehose delivery stream, "
            "unless deliveryDestinationType is XRAY."
        )
    old = resources.get(tx, caller.account, caller.region, DESTINATIONS.kind, params["name"])
    if old is not None and old.body["deliveryDestinationType"] != kind:
        raise Conflict("The delivery destination exists with another type.")
    body = {"name": params["name"], "deliveryDestinationType": kind}
    body |= {name: params[name] for name in ("outputFormat", "roleArn") if name in params}
    if configuration:
        body["deliveryDestinationConfiguration"] = configuration
    if old is not None and "policy" in old.body:
        body["policy"] = old.body["policy"]
    return _save(tx, caller, DESTINATIONS, body, params)


def _save(tx: Tx, caller: Caller, kind: ResourceKind, body: Json, params: Json) -> Json:
    old = resources.get(tx, caller.account, caller.region, kind.kind, body["name"])
    own_tags = tags.RULES.merge({} if old is None else old.tags, params.get("tags"))
    made = LogResource(caller.account, caller.region, kind.kind, body["name"], body, own_tags)
    resources.put(tx, made)
    return {kind.member: to_api(made)}


def get_source(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return a delivery source (`GetDeliverySource`)."""
    return {SOURCES.member: to_api(SOURCES.find(reader, caller, params["name"]))}


def get_destination(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return a delivery destination (`GetDeliveryDestination`)."""
    return {DESTINATIONS.member: to_api(DESTINATIONS.find(reader, caller, params["name"]))}


def describe_sources(reader: Reader, caller: Caller, params: Json) -> Json:
    """List delivery sources, optionally those of some resources (`DescribeDeliverySources`)."""
    wanted = params.get("resourceArns")
    return SOURCES.describe(reader, caller, params, lambda body: not wanted or body["resourceArns"][0] in wanted)


def describe_destinations(reader: Reader, caller: Caller, params: Json) -> Json:
    """List delivery destinations, optionally by their names (`DescribeDeliveryDestinations`)."""
    wanted = params.get("names")
    return DESTINATIONS.describe(reader, caller, params, lambda body: not wanted or body["name"] in wanted)


def delete_source(tx: Tx, caller: Caller, params: Json) -> None:
    """Delete a delivery source that no delivery uses (`DeleteDeliverySource`)."""
    found = SOURCES.find(tx, caller, params["name"])
    _check_unused(tx, caller, "deliverySourceName", found.name)
    resources.delete(tx, found)


def delete_destination(tx: Tx, caller: Caller, params: Json) -> None:
    """Delete a delivery destination that no delivery uses (`DeleteDeliveryDestination`)."""
    found = DESTINATIONS.find(tx, caller, params["name"])
    _check_unused(tx, caller, "deliveryDestinationArn", found.arn)
    resources.delete(tx, found)


def _check_unused(reader: Reader, caller: Caller, member: str, value: str) -> None:
    if any(each.body[member] == value for each in all_resources(reader, caller, DELIVERIES)):
        raise Conflict("The resource is used by a delivery. Delete its deliveries first.")


def put_policy(tx: Tx, caller: Caller, params: Json) -> Json:
    """Store the policy that says who may deliver to a delivery destination (`PutDeliveryDestinationPolicy`)."""
    found, policy = _policy_owner(tx, caller, params), params["deliveryDestinationPolicy"]
    if not isinstance(loads_unique(policy), dict):
        raise InvalidDelivery("deliveryDestinationPolicy must be a policy in JSON.")
    resources.put(tx, replace(found, body=found.body | {"policy": policy}))
    return {"policy": {"deliveryDestinationPolicy": policy}}


def get_policy(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return the policy of a delivery destination (`GetDeliveryDestinationPolicy`)."""
    policy = _policy_owner(reader, caller, params).body.get("policy")
    return {"policy": {} if policy is None else {"deliveryDestinationPolicy": policy}}


def delete_policy(tx: Tx, caller: Caller, params: Json) -> None:
    """Delete the policy of a delivery destination (`DeleteDeliveryDestinationPolicy`)."""
    found = _policy_owner(tx, caller, params)
    kept = {name: value for name, value in found.body.items() if name != "policy"}
    resources.put(tx, replace(found, body=kept))


def _policy_owner(reader: Reader, caller: Caller, params: Json) -> LogResource:
    return DESTINATIONS.find(reader, caller, params["deliveryDestinationName"])
