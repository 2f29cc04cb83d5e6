"""Implement the operations on log groups.

A KMS key is stored and shown, but the engine encrypts nothing on disk with it. The engine ignores linked accounts. It
has no field indexes and no data sources, so `ListLogGroups` by one of them returns no groups.
"""

from collections.abc import Callable, Sequence
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.logs import lookup as arns
from lamplighter.services.logs import retention, tags
from lamplighter.services.logs.errors import AlreadyExists, InvalidParameter, NotForDelivery, NotFound, Protected
from lamplighter.services.logs.lookup import GROUP, find_by_identifier, find_group, group_arn
from lamplighter.services.logs.tables import filters, log_groups, resource_policies
from lamplighter.services.logs.tables.log_groups import LogGroup
from lamplighter.store.db import Reader, Tx

DEFAULT_LIMIT = 50
RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)  # fmt: skip
DELIVERY_DAYS = 1
"""The retention in days of log groups in the Delivery class; it cannot be changed."""


def create_group(tx: Tx, caller: Caller, params: Json) -> None:
    """Create a log group (`CreateLogGroup`)."""
    name = arns.check_name(params["logGroupName"], "logGroupName")
    if name.lower().startswith("aws/"):
        raise InvalidParameter("Log groups starting with AWS/ are reserved for AWS.")
    if log_groups.get_group(tx, caller.account, caller.region, name) is not None:
        raise AlreadyExists(GROUP)
    kind = params.get("logGroupClass", "STANDARD")
    group = LogGroup(
        id=0,
        account=caller.account,
        region=caller.region,
        name=name,
        log_class=kind,
        created=tx.now,
        retention=DELIVERY_DAYS if kind == "DELIVERY" else None,
        kms=params.get("kmsKeyId"),
        protected=params.get("deletionProtectionEnabled", False),
        tags=tags.RULES.read(params.get("tags")),
    )
    key = log_groups.put_group(tx, group)
    if group.retention is not None:
        retention.schedule_expiry(tx, key, tx.now)


def delete_group(tx: Tx, caller: Caller, params: Json) -> None:
    """Delete a log group (`DeleteLogGroup`). The group disappears immediately; its events are deleted in slices."""
    group = find_group(tx, caller, params["logGroupName"])
    if group.protected:
        raise Protected(group.name)
    log_groups.delete_group(tx, group.id)
    for policy in resource_policies.policies_of(tx, group.account, group.region, group_arn(group)):
        resource_policies.delete(tx, policy)
    retention.schedule_deletion(tx, "log_group", group.id)


def describe_groups(reader: Reader, caller: Caller, params: Json) -> Json:
    """List log groups by identifier, prefix, pattern or class (`DescribeLogGroups`)."""
    prefix, pattern = params.get("logGroupNamePrefix"), params.get("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise InvalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    describe = _short_description if pattern else group_to_api
    show = partial(describe, reader)
    if identifiers := params.get("logGroupIdentifiers"):
        return {"logGroups": [show(group) for each in identifiers for group in _existing_groups(reader, caller, each)]}
    classes = _classes(params.get("logGroupClass"))
    found, token = _page(
        reader, caller, params, lambda group: classes is None or group.log_class in classes, (prefix or "", pattern)
    )
    return {"logGroups": [show(group) for group in found]} | token


def list_groups(reader: Reader, caller: Caller, params: Json) -> Json:
    """List summaries of log groups by pattern, class or tags (`ListLogGroups`)."""
    if "dataSources" in params or "fieldIndexNames" in params:
        return {"logGroups": []}
    found, token = _page(reader, caller, params, lambda group: _satisfies_filters(group, params), ("", None))
    summaries = [
        {"logGroupName": group.name, "logGroupArn": group_arn(group), "logGroupClass": group.log_class}
        for group in found
    ]
    return {"logGroups": summaries} | token


def put_retention(tx: Tx, caller: Caller, params: Json) -> None:
    """Set the days for which a group keeps events (`PutRetentionPolicy`)."""
    group, days = find_group(tx, caller, params["logGroupName"]), params["retentionInDays"]
    if days not in RETENTIONS:
        raise InvalidParameter(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(map(str, RETENTIONS))}]"
        )
    _check_retention_can_change(group)
    log_groups.change_group(tx, group.id, "retention", days)
    retention.schedule_expiry(tx, group.id, tx.now)


def delete_retention(tx: Tx, caller: Caller, params: Json) -> None:
    """Remove the retention, so that "log events do not expire" (`DeleteRetentionPolicy`)."""
    group = find_group(tx, caller, params["logGroupName"])
    _check_retention_can_change(group)
    log_groups.change_group(tx, group.id, "retention", None)


def set_deletion_protection(tx: Tx, caller: Caller, params: Json) -> None:
    """Turn a group's deletion protection on or off (`PutLogGroupDeletionProtection`)."""
    group = find_by_identifier(tx, caller, params["logGroupIdentifier"])
    log_groups.change_group(tx, group.id, "protected", params["deletionProtectionEnabled"])


def associate_kms_key(tx: Tx, caller: Caller, params: Json) -> None:
    """Store a group's KMS key (`AssociateKmsKey`)."""
    log_groups.change_group(tx, _find_kms_group(tx, caller, params).id, "kms", params["kmsKeyId"])


def disassociate_kms_key(tx: Tx, caller: Caller, params: Json) -> None:
    """Remove a group's KMS key (`DisassociateKmsKey`)."""
    log_groups.change_group(tx, _find_kms_group(tx, caller, params).id, "kms", None)


def _check_retention_can_change(group: LogGroup) -> None:
    if group.log_class == "DELIVERY":
        raise NotForDelivery


def _existing_groups(reader: Reader, caller: Caller, identifier: str) -> list[LogGroup]:
    """Return the group of an identifier as a list, which is empty if there is none; here that is no error."""
    try:
        return [find_by_identifier(reader, caller, identifier)]
    except NotFound:
        return []


def _find_kms_group(reader: Reader, caller: Caller, params: Json) -> LogGroup:
    """Return the log group of a request that changes a KMS key."""
    name, resource = params.get("logGroupName"), params.get("resourceIdentifier")
    if (name is None) == (resource is None):
        raise InvalidParameter("Exactly one of logGroupName and resourceIdentifier must be specified.")
    return arns.tagged_group(reader, resource) if name is None else find_group(reader, caller, name)


def _page(
    reader: Reader,
    caller: Caller,
    params: Json,
    is_wanted: Callable[[LogGroup], bool],
    names: tuple[str, str | None],
) -> tuple[Sequence[LogGroup], Json]:
    """Return the groups that fit and the next page's token, if any; a page examines up to `limit` groups."""
    prefix, part = names
    read = partial(log_groups.page_groups, reader, (caller.account, caller.region), prefix=prefix, part=part or "")
    examined, token = arns.PAGES.cut(params, "", read, lambda group: group.name)
    return [group for group in examined if is_wanted(group)], token


def _classes(wanted: str | None) -> frozenset[str] | None:
    """Return the classes that a request means ("either INFREQUENT_ACCESS or ESSENTIALS" means both), None for all."""
    if wanted in ("INFREQUENT_ACCESS", "ESSENTIALS"):
        return frozenset({"INFREQUENT_ACCESS", "ESSENTIALS"})
    return None if wanted is None else frozenset({wanted})


def _satisfies_filters(group: LogGroup, params: Json) -> bool:
    """Return whether a group satisfies all filters of `ListLogGroups`."""
    pattern, wanted = params.get("logGroupNamePattern"), params.get("logGroupClass")
    return (
        (wanted is None or group.log_class == wanted)
        and (pattern is None or any(_name_matches(group.name, each) for each in pattern.split("|")))
        and all(
            each["key"] in group.tags and (not each.get("values") or group.tags[each["key"]] in each["values"])
            for each in params.get("logGroupTags", [])
        )
    )


def _name_matches(name: str, pattern: str) -> bool:
    return name.startswith(pattern[1:]) if pattern.startswith("^") else pattern in name


INDEXED_MEMBERS = ("logGroupName", "creationTime", "metricFilterCount", "arn", "logGroupClass", "logGroupArn")


def _short_description(reader: Reader, group: LogGroup) -> Json:
    """Return a group found by a pattern, which AWS answers from an index that lacks some members, such as the size."""
    return {name: value for name, value in group_to_api(reader, group).items() if name in INDEXED_MEMBERS}


def group_to_api(reader: Reader, group: LogGroup) -> Json:
    """Return a group as `DescribeLogGroups` shows it."""
    return {
        "logGroupName": group.name,
        "creationTime": group.created,
        **({} if group.retention is None else {"retentionInDays": group.retention}),
        "metricFilterCount": filters.count(reader, group.id, "metric"),
        "arn": f"{group_arn(group)}:*",
        "storedBytes": group.bytes,
        **({} if group.kms is None else {"kmsKeyId": group.kms}),
        "logGroupClass": group.log_class,
        "logGroupArn": group_arn(group),
        "deletionProtectionEnabled": group.protected,
    }
