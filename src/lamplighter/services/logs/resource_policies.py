"""Store and show resource policies, which state which services may log to an account or to a log group.

They decide whether EventBridge may log, if the engine enforces IAM. "An account can have a maximum of 10 policies
without resourceARN and one per LogGroup resourceARN." See
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html.
"""

from lamplighter.base.aws.arn import parse_known
from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, loads_unique
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.logs.errors import InvalidParameter, LimitExceeded, NotFound
from lamplighter.services.logs.lookup import PAGES, group_arn, tagged_group
from lamplighter.services.logs.tables import resource_policies as rows
from lamplighter.services.logs.tables.resource_policies import Policy
from lamplighter.store.db import Reader, Tx

MAX_POLICIES = 10


class ResourcePolicies:
    """The operations on resource policies."""

    def __init__(self, world: World) -> None:
        self._world = world

    def put(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Create or replace a policy of the account or of a log group (`PutResourcePolicy`)."""
        resource, name, document = _resource(tx, params), _name(params), params.get("policyDocument")
        if not isinstance(loads_unique(document or ""), dict):
            raise InvalidParameter("policyDocument must be a policy in JSON.")
        existing = rows.policies_of(tx, caller.account, caller.region, resource)
        # A log group has one policy, regardless of its name.
        old = next((each for each in existing if resource or each.name == name), None)
        if old is None and len(existing) >= MAX_POLICIES:
            raise LimitExceeded
        if resource:
            _check_revision(old, params)
        if old is not None:
            rows.delete(tx, old)
        now, revision = tx.now, self._world.uuid()
        policy = Policy(caller.account, caller.region, resource, name, document, revision, now)
        rows.put(tx, policy)
        shown = {"resourcePolicy": _policy_to_api(policy)}
        return shown | {"revisionId": revision} if resource else shown

    def describe(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """List the policies of the account, of one log group or of all log groups (`DescribeResourcePolicies`)."""
        owner = (caller.account, caller.region)
        if "resourceArn" in params:
            found = rows.policies_of(reader, *owner, _resource(reader, params))
        elif params.get("policyScope") == "RESOURCE":
            found = rows.policies_of_groups(reader, *owner)
        else:
            found = rows.policies_of(reader, *owner, "")
        return PAGES.page_of_list("resourcePolicies", params, found, _policy_to_api)

    def delete(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Delete a policy of the account or of a log group (`DeleteResourcePolicy`)."""
        resource = _resource(tx, params)
        name = params.get("policyName")
        existing = rows.policies_of(tx, caller.account, caller.region, resource)
        named = next((each for each in existing if each.name == name or (resource and name is None)), None)
        found = require(named, lambda: NotFound("policy"))
        if resource:
            _check_revision(found, params)
        rows.delete(tx, found)


def find_policies(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Return the texts of the policies that hold for a log group, for IAM's decisions; AWS has no such operation."""
    group = parse_known(params["Resource"])
    return {"Policies": rows.documents_of(reader, group.account, group.region, params["Resource"])}


def _name(params: Json) -> str:
    name: str = params.get("policyName", "")
    if not name and "resourceArn" not in params:
        raise InvalidParameter("policyName must be specified.")
    return name


def _resource(reader: Reader, params: Json) -> str:
    """Return the ARN of the requested log group, or an empty string if the request is for the account."""
    return group_arn(tagged_group(reader, params["resourceArn"])) if "resourceArn" in params else ""


def _check_revision(old: Policy | None, params: Json) -> None:
    """Raise `InvalidParameter` unless the request names the current revision of a log group's policy."""
    if params.get("expectedRevisionId") != (old.revision if old is not None else None):
        raise InvalidParameter("expectedRevisionId is not the revision of the resource policy.")


def _policy_to_api(policy: Policy) -> Json:
    shown: Json = {"policyName": policy.name} if policy.name else {}
    shown |= {"policyDocument": policy.document, "lastUpdatedTime": policy.updated}
    if not policy.resource:
        return shown | {"policyScope": "ACCOUNT"}
    return shown | {"policyScope": "RESOURCE", "resourceArn": policy.resource, "revisionId": policy.revision}
