"""Store and list destinations, to which the subscription filters of other accounts can send log events.

The engine delivers nothing to them, because it has no Kinesis streams; a subscription filter may name one. See
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDestination.html.
"""

from dataclasses import replace
from functools import partial

from lamplighter.base.aws import arn
from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, loads_unique
from lamplighter.bus import Caller
from lamplighter.services.logs import lookup as arns
from lamplighter.services.logs import tags
from lamplighter.services.logs.errors import InvalidParameter, NotFound
from lamplighter.services.logs.tables import resources
from lamplighter.services.logs.tables.resources import LogResource
from lamplighter.store.db import Reader, Tx

KIND: resources.Kind = "destination"
TARGET_SERVICES = ("kinesis", "firehose")


def put_destination(tx: Tx, caller: Caller, params: Json) -> Json:
    """Create or replace a destination; its access policy stays (`PutDestination`)."""
    name, target = arns.check_name(params["destinationName"], "destinationName"), arn.parse(params["targetArn"])
    if target is None or target.service not in TARGET_SERVICES:
        raise InvalidParameter(
            f"targetArn {params['targetArn']} is not supported: use a Kinesis stream or a Firehose delivery stream."
        )
    if (role := arn.parse(params["roleArn"])) is None or role.service != "iam":
        raise InvalidParameter(f"roleArn {params['roleArn']} is not the ARN of a role.")
    old = resources.get(tx, caller.account, caller.region, KIND, name)
    made = LogResource(
        caller.account,
        caller.region,
        KIND,
        name,
        {
            **({} if old is None else old.body),
            "destinationName": name,
            "targetArn": params["targetArn"],
            "roleArn": params["roleArn"],
            "creationTime": tx.now if old is None else old.body["creationTime"],
        },
        tags.RULES.merge({} if old is None else old.tags, params.get("tags")),
    )
    resources.put(tx, made)
    return {"destination": _to_api(made)}


def put_policy(tx: Tx, caller: Caller, params: Json) -> None:
    """Store the policy that says which accounts may use a destination (`PutDestinationPolicy`)."""
    found = resources.get(tx, caller.account, caller.region, KIND, params["destinationName"])
    if found is None:  # unlike DeleteDestination, the operation has no ResourceNotFoundException
        raise InvalidParameter("The specified destination does not exist.")
    if not isinstance(loads_unique(params["accessPolicy"]), dict):
        raise InvalidParameter("accessPolicy must be a policy in JSON.")
    resources.put(tx, replace(found, body=found.body | {"accessPolicy": params["accessPolicy"]}))


def describe_destinations(reader: Reader, caller: Caller, params: Json) -> Json:
    """List destinations in order of name (`DescribeDestinations`)."""
    prefix = params.get("DestinationNamePrefix", "")
    read = partial(resources.page, reader, caller.account, caller.region, KIND, prefix=prefix)
    return arns.PAGES.page("destinations", params, "", read, _to_api, lambda each: each.name)


def delete_destination(tx: Tx, caller: Caller, params: Json) -> None:
    """Delete a destination; subscription filters that name it stay (`DeleteDestination`)."""
    resources.delete(tx, _find(tx, caller, params))


def _find(reader: Reader, caller: Caller, params: Json) -> LogResource:
    found = resources.get(reader, caller.account, caller.region, KIND, params["destinationName"])
    return require(found, lambda: NotFound("destination"))


def _to_api(found: LogResource) -> Json:
    return {**found.body, "arn": found.arn}
