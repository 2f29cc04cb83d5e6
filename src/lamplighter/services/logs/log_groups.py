"""Operations on log groups.

A KMS key is kept and shown: what is on this disk is not encrypted by it. Linked accounts mean nothing here. There are
no field indexes and no data sources, so that ListLogGroups by one of them finds nothing.
"""

from collections.abc import Callable, Sequence

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.logs import retention, tags
from lamplighter.services.logs.arns import (
    GROUP,
    check_name,
    find_by_identifier,
    find_group,
    group_arn,
    page_token,
    read_page_token,
    tagged_group,
)
from lamplighter.services.logs.errors import AlreadyExists, InvalidParameter, NotFound, Protected
from lamplighter.services.logs.tables import filters, log_groups, resource_policies
from lamplighter.services.logs.tables.log_groups import LogGroup
from lamplighter.store.db import Reader, Tx

MOST = 50
RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)  # fmt: skip
DELIVERY_DAYS = 1
"""Log events in log groups in the Delivery class are kept in CloudWatch Logs for only one day."""


class LogGroups:
    """Log groups, as the API has them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """CreateLogGroup"""
        name = check_name(params["logGroupName"], "logGroupName")
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
            created=self._world.now(),
            retention=DELIVERY_DAYS if kind == "DELIVERY" else None,
            kms=params.get("kmsKeyId"),
            protected=params.get("deletionProtectionEnabled", False),
            tags=tags.merge_tags({}, params.get("tags", {})),
            bytes=0,
        )
        key = log_groups.put_group(tx, group)
        if group.retention is not None:
            retention.keep_retention(tx, key, self._world.now())
        return {}

    def delete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """DeleteLogGroup: it is gone at once; what it held is deleted in slices."""
        group = find_group(tx, caller, params["logGroupName"])
        if group.protected:
            raise Protected(group.name)
        log_groups.delete_group(tx, group.id)
        for policy in resource_policies.policies_of(tx, group.account, group.region, group_arn(group)):
            resource_policies.delete(tx, policy)
        retention.delete_events(tx, "grp", group.id, self._world.now())
        return {}

    def describe(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """DescribeLogGroups"""
        prefix, pattern = params.get("logGroupNamePrefix"), params.get("logGroupNamePattern")
        if prefix is not None and pattern is not None:
            raise InvalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        show = _found if pattern else lambda group: group_to_api(reader, group)
        if identifiers := params.get("logGroupIdentifiers"):
            return {"logGroups": [show(group) for each in identifiers for group in _if_there(reader, caller, each)]}
        classes = _classes(params.get("logGroupClass"))
        found, token = _page(
            reader, caller, params, lambda group: classes is None or group.log_class in classes, (prefix or "", pattern)
        )
        return {"logGroups": [show(group) for group in found]} | token

    def list(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """ListLogGroups"""
        if "dataSources" in params or "fieldIndexNames" in params:
            return {"logGroups": []}
        found, token = _page(reader, caller, params, lambda group: _fits(group, params), ("", None))
        summaries = [
            {"logGroupName": group.name, "logGroupArn": group_arn(group), "logGroupClass": group.log_class}
            for group in found
        ]
        return {"logGroups": summaries} | token

    def put_retention(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """PutRetentionPolicy"""
        group, days = find_group(tx, caller, params["logGroupName"]), params["retentionInDays"]
        if days not in RETENTIONS:
            raise InvalidParameter(
                f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(map(str, RETENTIONS))}]"
            )
        if group.log_class == "DELIVERY":
            raise InvalidParameter("The retention of a log group in the Delivery class cannot be changed.")
        log_groups.change_group(tx, group.id, "retention", days)
        retention.keep_retention(tx, group.id, self._world.now())
        return {}

    def delete_retention(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """DeleteRetentionPolicy: "log events do not expire"."""
        log_groups.change_group(tx, find_group(tx, caller, params["logGroupName"]).id, "retention", None)
        return {}

    def protect(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """PutLogGroupDeletionProtection"""
        group = find_by_identifier(tx, caller, params["logGroupIdentifier"])
        log_groups.change_group(tx, group.id, "protected", params["deletionProtectionEnabled"])
        return {}

    def encrypt(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """AssociateKmsKey"""
        log_groups.change_group(tx, _encrypted(tx, caller, params).id, "kms", params["kmsKeyId"])
        return {}

    def decrypt(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """DisassociateKmsKey"""
        log_groups.change_group(tx, _encrypted(tx, caller, params).id, "kms", None)
        return {}


def _if_there(reader: Reader, caller: Caller, identifier: str) -> list[LogGroup]:
    """The group of an identifier, which here is a filter: one of nothing finds nothing."""
    try:
        return [find_by_identifier(reader, caller, identifier)]
    except NotFound:
        return []


def _encrypted(reader: Reader, caller: Caller, params: Json) -> LogGroup:
    """The group whose key is meant."""
    name, resource = params.get("logGroupName"), params.get("resourceIdentifier")
    if (name is None) == (resource is None):
        raise InvalidParameter("Exactly one of logGroupName and resourceIdentifier must be specified.")
    return tagged_group(reader, resource) if name is None else find_group(reader, caller, name)


def _page(
    reader: Reader,
    caller: Caller,
    params: Json,
    fits: Callable[[LogGroup], bool],
    names: tuple[str, str | None],
) -> tuple[Sequence[LogGroup], Json]:
    """Groups that fit, of so many groups as a page looks at, and the token of the next page where there is one."""
    size = params.get("limit", MOST)
    after = read_page_token(params.get("nextToken"), str) or ""
    prefix, part = names
    owner = (caller.account, caller.region)
    looked_at = log_groups.page_groups(reader, owner, after, size + 1, prefix=prefix, part=part or "")
    found = [group for group in looked_at[:size] if fits(group)]
    return found, {"nextToken": page_token(looked_at[size - 1].name)} if len(looked_at) > size else {}


def _classes(wanted: str | None) -> frozenset[str] | None:
    """All that are meant: "either INFREQUENT_ACCESS or ESSENTIALS … include log groups in both"."""
    if wanted in ("INFREQUENT_ACCESS", "ESSENTIALS"):
        return frozenset({"INFREQUENT_ACCESS", "ESSENTIALS"})
    return None if wanted is None else frozenset({wanted})


def _fits(group: LogGroup, params: Json) -> bool:
    """Whether a group satisfies all filters of ListLogGroups."""
    pattern, wanted = params.get("logGroupNamePattern"), params.get("logGroupClass")
    return (
        (wanted is None or group.log_class == wanted)
        and (pattern is None or any(_named(group.name, each) for each in pattern.split("|")))
        and all(
            each["key"] in group.tags and (not each.get("values") or group.tags[each["key"]] in each["values"])
            for each in params.get("logGroupTags", [])
        )
    )


def _named(name: str, pattern: str) -> bool:
    return name.startswith(pattern[1:]) if pattern.startswith("^") else pattern in name


def _found(group: LogGroup) -> Json:
    """A group found by a pattern: "then only arn, creationTime, and logGroupName are included"."""
    return {"logGroupName": group.name, "creationTime": group.created, "arn": f"{group_arn(group)}:*"}


def group_to_api(reader: Reader, group: LogGroup) -> Json:
    """A group as DescribeLogGroups shows it."""
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
