"""Handle the operations on clusters, which are names that group tasks.

Every account and region has the cluster `default`: CreateCluster or RunTask writes its row when a request first refers
to it. Any other cluster must be created, as on AWS. See
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html.
"""

from collections.abc import Collection
from dataclasses import replace

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.paging import list_page
from lamplighter.services.ecs import arns, paging, tags
from lamplighter.services.ecs.errors import ClusterContainsTasks, ClusterNotFound, InvalidParameter
from lamplighter.services.ecs.tables import clusters, tasks
from lamplighter.services.ecs.tables.clusters import Cluster
from lamplighter.store.db import Reader, Tx

SETTING_FIELDS = (
    "settings", "configuration", "capacityProviders", "defaultCapacityProviderStrategy", "serviceConnectDefaults",
)  # fmt: skip
_INCLUDE_NAMES = {"settings": "SETTINGS", "configuration": "CONFIGURATIONS"}
"""Members that DescribeClusters shows only on request, and their names in the parameter `include`."""
_ALL_MEMBERS = frozenset({"TAGS", *_INCLUDE_NAMES.values()})
_DEFAULT_SETTINGS: Json = {
    "settings": [{"name": "containerInsights", "value": "disabled"}],
    "capacityProviders": [],
    "defaultCapacityProviderStrategy": [],
}


def create_cluster(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle CreateCluster; if an active cluster has the same name, return it."""
    name = params.get("clusterName") or arns.DEFAULT
    if not arns.RESOURCE_NAME.fullmatch(name):
        raise InvalidParameter("Invalid cluster name. Only letters, numbers, hyphens, and underscores are allowed.")
    found = clusters.get(tx, arns.cluster_arn(caller, name))
    if found is None or found.status != "ACTIVE":
        body = _DEFAULT_SETTINGS | {key: params[key] for key in SETTING_FIELDS if key in params}
        found = _store(tx, caller, name, body, tags.check_tags(params.get("tags")))
    return {"cluster": _cluster_to_api(tx, found, _ALL_MEMBERS)}


def _store(tx: Tx, caller: Caller, name: str, body: Json, cluster_tags: Json) -> Cluster:
    cluster = Cluster(arns.cluster_arn(caller, name), arns.owner_key(caller), name, "ACTIVE", body, cluster_tags)
    clusters.put(tx, cluster)
    return cluster


def resolve_cluster(tx: Tx, caller: Caller, reference: str | None) -> Cluster:
    """Return the cluster in which a task will run, and create the row of `default`; raises ClusterNotFound."""
    name = arns.cluster_arn(caller, reference)
    found = clusters.get(tx, name)
    if found is None and name == arns.cluster_arn(caller, arns.DEFAULT):
        return _store(tx, caller, arns.DEFAULT, _DEFAULT_SETTINGS, [])
    found = require(found, lambda: ClusterNotFound("Cluster not found."))
    if found.status != "ACTIVE":
        raise ClusterNotFound("The referenced cluster was inactive.")
    return found


def require_cluster(reader: Reader, caller: Caller, reference: str | None) -> str:
    """Return the ARN of a cluster that is active or named `default`; raises ClusterNotFound for any other."""
    name = arns.cluster_arn(caller, reference)
    if name != arns.cluster_arn(caller, arns.DEFAULT) and not arns.is_cluster_active(reader, name):
        raise ClusterNotFound("Cluster not found.")
    return name


def describe_clusters(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle DescribeClusters."""
    include = set(params.get("include") or ())
    shown, failures = [], []
    for reference in params.get("clusters") or [arns.DEFAULT]:
        name = arns.cluster_arn(caller, reference)
        found = clusters.get(reader, name)
        if found is None:
            failures.append({"arn": name, "reason": "MISSING"})
        else:
            shown.append(_cluster_to_api(reader, found, include))
    return {"clusters": shown, "failures": failures}


def list_clusters(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListClusters."""
    size = paging.page_size(params)
    found = clusters.page(reader, arns.owner_key(caller), params.get("nextToken", ""), size + 1)
    return list_page("clusterArns", found, size, str, str)


def update_cluster(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle UpdateCluster and PutClusterCapacityProviders, which change different settings."""
    found = _find(tx, caller, params)
    changed = replace(found, body=found.body | {key: params[key] for key in SETTING_FIELDS if key in params})
    clusters.put(tx, changed)
    return {"cluster": _cluster_to_api(tx, changed, _ALL_MEMBERS)}


def delete_cluster(tx: Tx, caller: Caller, params: Json) -> Json:
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
