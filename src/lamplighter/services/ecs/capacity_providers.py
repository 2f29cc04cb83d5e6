"""Handle the operations on capacity providers.

FARGATE and FARGATE_SPOT always exist. Others stand for an Auto Scaling group, or for Managed Instances of one cluster.
On this machine they start no instances: each task runs here, and its provider decides only the launch type that it
shows. See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/clusters.html.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.pages import read_sorted
from lamplighter.services.ecs import clusters, lookup, tags
from lamplighter.services.ecs.errors import ClientError, InvalidParameter
from lamplighter.services.ecs.tables import capacity_providers
from lamplighter.services.ecs.tables import clusters as cluster_rows
from lamplighter.services.ecs.tables.capacity_providers import CapacityProvider
from lamplighter.services.ecs.tasks.capacity_strategy import FARGATE_PROVIDERS
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import ecs as aws

PROVIDER_PAGES = replace(lookup.PAGES, default_size=10)
GROUP, INSTANCES = "autoScalingGroupProvider", "managedInstancesProvider"
_RESERVED_PREFIXES = ("aws", "ecs", "fargate")
_SCALING_DEFAULTS: Json = {
    "status": "DISABLED", "targetCapacity": 100, "minimumScalingStepSize": 1, "maximumScalingStepSize": 10000,
    "instanceWarmupPeriod": 300,
}  # fmt: skip
NOT_FOUND = "The specified capacity provider was not found. Specify a valid capacity provider and try again."


def create_provider(tx: Tx, caller: Caller, params: Json) -> "aws.CreateCapacityProviderOutput":
    """Handle CreateCapacityProvider."""
    name = params["name"]
    _check_name(name)
    if (params.get(GROUP) is None) == (params.get(INSTANCES) is None):
        raise InvalidParameter(f"Specify either '{GROUP}' or '{INSTANCES}'.")
    arn = lookup.resource_arn(caller, f"capacity-provider/{name}")
    found = capacity_providers.get(tx, arn)
    if found is not None and found.is_active:
        raise ClientError(
            "The specified capacity provider already exists. To change the configuration of an existing capacity "
            "provider, update the capacity provider."
        )
    body = {"capacityProviderArn": arn, "name": name, "status": "ACTIVE", "updateStatus": "CREATE_COMPLETE"}
    if params.get(GROUP) is not None:
        body |= {"type": "EC2_AUTOSCALING", GROUP: _group(params[GROUP])}
    else:
        if not params.get("cluster"):
            raise InvalidParameter("A capacity provider with Managed Instances needs a 'cluster'.")
        cluster = clusters.find_active(tx, caller, params["cluster"])
        body |= {"type": "MANAGED_INSTANCES", "cluster": cluster.name, INSTANCES: params[INSTANCES]}
        names = [*cluster.body["capacityProviders"], name]
        cluster_rows.put(tx, replace(cluster, body=cluster.body | {"capacityProviders": names}))
    provider = CapacityProvider(arn, lookup.owner_key(caller), name, body, tags.check_tags(params.get("tags")))
    capacity_providers.put(tx, provider)
    return {"capacityProvider": _provider_to_api(provider, with_tags=True)}


def _check_name(name: str) -> None:
    if not lookup.RESOURCE_NAME.fullmatch(name):
        raise InvalidParameter(
            "The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters "
            "(upper and lowercase), numbers, underscores, and hyphens. Specify a valid name and try again."
        )
    if name.lower().startswith(_RESERVED_PREFIXES):
        raise InvalidParameter(
            'The specified capacity provider name is invalid. The name cannot be prefixed with "aws", "ecs", or '
            '"fargate". Specify a valid name and try again.'
        )


def _group(given: Json) -> Json:
    scaling = {**_SCALING_DEFAULTS, **(given.get("managedScaling") or {})}
    protection = given.get("managedTerminationProtection", "DISABLED")
    if protection == "ENABLED" and scaling["status"] != "ENABLED":
        raise InvalidParameter(
            "The managed termination protection setting for the capacity provider is invalid. To enable managed "
            "termination protection for a capacity provider, managed scaling must be enabled."
        )
    return {
        "managedDraining": "ENABLED",
        **given,
        "managedScaling": scaling if scaling["status"] == "ENABLED" else {"status": "DISABLED"},
        "managedTerminationProtection": protection,
    }


def describe_providers(reader: Reader, caller: Caller, params: "aws.DescribeCapacityProvidersInput") -> Json:
    """Handle DescribeCapacityProviders: the named ones, those of a cluster, or all."""
    known = {each.name: each for each in _all_providers(reader, caller)}
    names = [_short_name(each) for each in params.get("capacityProviders") or ()]
    if params.get("cluster"):
        associated = clusters.find_active(reader, caller, params["cluster"]).body["capacityProviders"]
        names = [each for each in names or associated if each in associated]
    failures = [
        {"arn": lookup.resource_arn(caller, f"capacity-provider/{name}"), "reason": "MISSING"}
        for name in names
        if name not in known
    ]
    wanted = sorted(set(names) & known.keys()) if names or params.get("cluster") else sorted(known)
    with_tags = "TAGS" in (params.get("include") or ())

    def show(name: str) -> Json:
        return _provider_to_api(known[name], with_tags=with_tags)

    answer: Json = PROVIDER_PAGES.page("capacityProviders", params, "", read_sorted(wanted, str), show, str)
    return answer | {"failures": failures}


def update_provider(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle UpdateCapacityProvider: change what the request names, and keep the rest."""
    found = _find(tx, caller, params["name"])
    changes: Json = {"updateStatus": "UPDATE_COMPLETE"}
    if params.get(GROUP) is not None:
        old = found.body.get(GROUP) or {}
        scaling = {**(old.get("managedScaling") or {}), **(params[GROUP].get("managedScaling") or {})}
        changes[GROUP] = _group({**old, **params[GROUP], "managedScaling": scaling})
    if params.get(INSTANCES) is not None:
        changes[INSTANCES] = {**(found.body.get(INSTANCES) or {}), **params[INSTANCES]}
    return _change(tx, found, changes)


def delete_provider(tx: Tx, caller: Caller, params: "aws.DeleteCapacityProviderInput") -> Json:
    """Handle DeleteCapacityProvider; one that a cluster still has stays, with the status DELETE_FAILED."""
    name = _short_name(params["capacityProvider"])
    if name in FARGATE_PROVIDERS:
        raise InvalidParameter(
            "The specified capacity provider is reserved and cannot be deleted. Specify a different capacity provider "
            "and try again."
        )
    found = _find(tx, caller, name)
    users = cluster_rows.with_provider(tx, lookup.owner_key(caller), name)
    own = found.body.get("cluster")
    if any(cluster.name != own for cluster in users):
        reason = "The capacity provider cannot be deleted because it is associated with cluster: "
        names = ", ".join(cluster.name for cluster in users)
        changes: Json = {"updateStatus": "DELETE_FAILED", "updateStatusReason": f"{reason}{names}. Remove the capacity "
                         "provider from the cluster and try again."}  # fmt: skip
    else:
        for cluster in users:
            clusters.remove_provider(tx, cluster, name)
        changes = {"status": "INACTIVE", "updateStatus": "DELETE_COMPLETE"}
    return _change(tx, found, changes)


def _change(tx: Tx, found: CapacityProvider, changes: Json) -> Json:
    """Store a changed provider, and return the answer that describes it."""
    changed = replace(found, body=found.body | changes)
    capacity_providers.put(tx, changed)
    return {"capacityProvider": _provider_to_api(changed, with_tags=False)}


def _find(reader: Reader, caller: Caller, reference: str) -> CapacityProvider:
    found = capacity_providers.get(reader, lookup.resource_arn(caller, f"capacity-provider/{_short_name(reference)}"))
    if found is None or not found.is_active:
        raise InvalidParameter(NOT_FOUND)
    return found


def _short_name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _all_providers(reader: Reader, caller: Caller) -> list[CapacityProvider]:
    owner = lookup.owner_key(caller)
    fargate = [
        CapacityProvider(arn, owner, name, {"capacityProviderArn": arn, "name": name, "status": "ACTIVE"}, [])
        for name in FARGATE_PROVIDERS
        for arn in [lookup.resource_arn(caller, f"capacity-provider/{name}")]
    ]
    return [*fargate, *capacity_providers.of_owner(reader, owner)]


def _provider_to_api(provider: CapacityProvider, *, with_tags: bool) -> Json:
    return provider.body | {"tags": provider.tags if with_tags else []}
