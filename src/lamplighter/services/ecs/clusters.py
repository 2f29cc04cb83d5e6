"""Handle the operations on clusters, which are names that group tasks.

Every account and region has the cluster `default`: CreateCluster or RunTask writes its row when a request first refers
to it. Any other cluster must be created, as on AWS. See
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html.
"""

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.ecs import lookup, tags
from lamplighter.services.ecs.errors import ClusterContainsTasks, ClusterNotFound, InvalidParameter, ResourceInUse
from lamplighter.services.ecs.tables import capacity_providers, clusters, tasks
from lamplighter.services.ecs.tables.clusters import Cluster
from lamplighter.services.ecs.tasks.capacity_strategy import FARGATE_PROVIDERS, ProviderType, check_strategy
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import ecs as aws

SETTING_FIELDS = (
    "settings", "configuration", "capacityProviders", "defaultCapacityProviderStrategy", "serviceConnectDefaults",
)  # fmt: skip
_INCLUDE_NAMES = {"settings": "SETTINGS", "configuration": "CONFIGURATIONS"}
"""Members that DescribeClusters shows only on request, and their names in the parameter `include`."""
MAX_PROVIDERS = 20
"""The most capacity providers of a cluster."""
_ALL_MEMBERS = frozenset({"TAGS", *_INCLUDE_NAMES.values()})
_DEFAULT_SETTINGS: Json = {
    "settings": [{"name": "containerInsights", "value": "disabled"}],
    "capacityProviders": [],
    "defaultCapacityProviderStrategy": [],
}


def create_cluster(tx: Tx, caller: Caller, params: Json) -> "aws.CreateClusterOutput":
    """Handle CreateCluster; if an active cluster has the same name, return it."""
    name = params.get("clusterName") or lookup.DEFAULT
    if not lookup.RESOURCE_NAME.fullmatch(name):
        raise InvalidParameter("Invalid cluster name. Only letters, numbers, hyphens, and underscores are allowed.")
    found = clusters.get(tx, lookup.cluster_arn(caller, name))
    if found is None or found.status != "ACTIVE":
        given = {key: params[key] for key in SETTING_FIELDS if key in params}
        body = _DEFAULT_SETTINGS | given
        _check_providers(tx, caller, body)
        found = _store(tx, caller, name, body, tags.check_tags(params.get("tags")))
    return {"cluster": _cluster_to_api(tx, found, _ALL_MEMBERS)}


def _store(tx: Tx, caller: Caller, name: str, body: Json, cluster_tags: Json) -> Cluster:
    cluster = Cluster(lookup.cluster_arn(caller, name), lookup.owner_key(caller), name, "ACTIVE", body, cluster_tags)
    clusters.put(tx, cluster)
    return cluster


def resolve_cluster(tx: Tx, caller: Caller, reference: str | None) -> Cluster:
    """Return the cluster in which a task will run, and create the row of `default`; raises ClusterNotFound."""
    name = lookup.cluster_arn(caller, reference)
    found = clusters.get(tx, name)
    if found is None and name == lookup.cluster_arn(caller, lookup.DEFAULT):
        return _store(tx, caller, lookup.DEFAULT, _DEFAULT_SETTINGS, [])
    found = require(found, lambda: ClusterNotFound("Cluster not found."))
    if found.status != "ACTIVE":
        raise ClusterNotFound("The referenced cluster was inactive.")
    return found


def require_cluster(reader: Reader, caller: Caller, reference: str | None) -> str:
    """Return the ARN of a cluster that is active or named `default`; raises ClusterNotFound for any other."""
    name = lookup.cluster_arn(caller, reference)
    if name != lookup.cluster_arn(caller, lookup.DEFAULT) and not lookup.is_cluster_active(reader, name):
        raise ClusterNotFound("Cluster not found.")
    return name


def describe_clusters(reader: Reader, caller: Caller, params: "aws.DescribeClustersInput") -> Json:
    """Handle DescribeClusters."""
    include = set(params.get("include") or ())
    shown, failures = [], []
    for reference in params.get("clusters") or [lookup.DEFAULT]:
        name = lookup.cluster_arn(caller, reference)
        found = clusters.get(reader, name)
        if found is None:
            failures.append({"arn": name, "reason": "MISSING"})
        else:
            shown.append(_cluster_to_api(reader, found, include))
    return {"clusters": shown, "failures": failures}


def list_clusters(reader: Reader, caller: Caller, params: "aws.ListClustersInput") -> Json:
    """Handle ListClusters."""
    read = partial(clusters.page, reader, lookup.owner_key(caller))
    return lookup.PAGES.page("clusterArns", params, "", read, str, str)


def update_cluster(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle UpdateCluster and UpdateClusterSettings."""
    return _update(tx, _find(tx, caller, params), params)


def put_providers(tx: Tx, caller: Caller, params: "aws.PutClusterCapacityProvidersInput") -> Json:
    """Handle PutClusterCapacityProviders; a provider that tasks use cannot be removed."""
    found = _find(tx, caller, params)
    _check_providers(tx, caller, params)
    own = [
        name
        for name in found.body["capacityProviders"]
        if _provider_type(tx, caller, name) == "MANAGED_INSTANCES" and name not in params["capacityProviders"]
    ]
    removed = {*found.body["capacityProviders"]} - {*params["capacityProviders"], *own}
    if removed & tasks.used_providers(tx, found.arn):
        raise ResourceInUse("The specified capacity provider is in use and cannot be removed.")
    return _update(tx, found, params | {"capacityProviders": [*params["capacityProviders"], *own]})


def _update(tx: Tx, found: Cluster, params: Json) -> Json:
    changed = replace(found, body=found.body | {key: params[key] for key in SETTING_FIELDS if key in params})
    clusters.put(tx, changed)
    return {"cluster": _cluster_to_api(tx, changed, _ALL_MEMBERS)}


def remove_provider(tx: Tx, cluster: Cluster, provider: str) -> None:
    """Remove a capacity provider from a cluster and its default strategy."""
    names = [each for each in cluster.body["capacityProviders"] if each != provider]
    strategy = [
        each for each in cluster.body["defaultCapacityProviderStrategy"] if each["capacityProvider"] != provider
    ]
    changes: Json = {"capacityProviders": names, "defaultCapacityProviderStrategy": strategy}
    clusters.put(tx, replace(cluster, body=cluster.body | changes))


def find_active(reader: Reader, caller: Caller, reference: str) -> Cluster:
    """Return an active cluster by name or ARN; raises ClusterNotFound."""
    found = clusters.get(reader, lookup.cluster_arn(caller, reference))
    if found is None or found.status != "ACTIVE":
        raise ClusterNotFound("Cluster not found.")
    return found


def provider_types(reader: Reader, caller: Caller) -> ProviderType:
    """Return the function that returns the type of a capacity provider by its name."""
    return partial(_provider_type, reader, caller)


def _provider_type(reader: Reader, caller: Caller, name: str) -> str | None:
    if name in FARGATE_PROVIDERS:
        return "FARGATE"
    found = capacity_providers.get(reader, lookup.resource_arn(caller, f"capacity-provider/{name}"))
    if found is None or not found.is_active:
        return None
    return "MANAGED_INSTANCES" if found.body["type"] == "MANAGED_INSTANCES" else "EC2"


def _check_providers(reader: Reader, caller: Caller, given: Json) -> None:
    """Check the capacity providers and the default strategy that a cluster is to have."""
    names = given["capacityProviders"]
    if len(names) > MAX_PROVIDERS:
        raise InvalidParameter("The maximum number of capacity providers per cluster has been exceeded.")
    types = provider_types(reader, caller)
    if any(types(name) is None for name in names):
        raise InvalidParameter(
            "The specified capacity provider was not found. Specify a valid capacity provider and try again."
        )
    check_strategy(given["defaultCapacityProviderStrategy"], names, types)


def delete_cluster(tx: Tx, caller: Caller, params: "aws.DeleteClusterInput") -> "aws.DeleteClusterOutput":
    """Handle DeleteCluster: mark the cluster as INACTIVE."""
    found = _find(tx, caller, params)
    if any(tasks.count_by_cluster(tx, found.arn)):
        raise ClusterContainsTasks("The Cluster cannot be deleted while Tasks are active.")
    deleted = replace(found, status="INACTIVE")
    clusters.put(tx, deleted)
    return {"cluster": _cluster_to_api(tx, deleted, ())}


def _find(reader: Reader, caller: Caller, params: Json) -> Cluster:
    found = clusters.get(reader, require_cluster(reader, caller, params["cluster"]))
    return require(found, lambda: ClusterNotFound("Cluster not found."))


def _cluster_to_api(reader: Reader, cluster: Cluster, include: Collection[str]) -> Json:
    running, pending = tasks.count_by_cluster(reader, cluster.arn)
    hidden = {name for name, wish in _INCLUDE_NAMES.items() if wish not in include}
    return {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "activeServicesCount": 0,
        "statistics": [],
        "tags": cluster.tags if "TAGS" in include else [],
        "settings": [],
        **{key: value for key, value in cluster.body.items() if key not in hidden},
    }
