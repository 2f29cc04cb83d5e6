"""Read the tags of a resource, for the condition keys aws:ResourceTag and, for example, ecr:ResourceTag.

They are read only if a condition asks for such a key, because few policies have one. Something that does not exist, or
that cannot have tags, has none. See
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourcetag.
"""

from collections.abc import Callable, Mapping

from lamplighter.base.aws import arn
from lamplighter.base.aws.arn import Arn
from lamplighter.base.errors import AwsError, Bug
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Caller
from lamplighter.lang.iam_policy.text_patterns import ContextValue
from lamplighter.services.iam.access.tag_lists import as_tags
from lamplighter.store.db import Reader

TAG_KEY = ":resourcetag/"
"""The part after the service's prefix of a condition key for a tag of a resource."""
Read = Callable[[Arn, str], tuple[str, str, Json]]
"""Returns the service, its operation that returns the tags of a resource, and the parameters."""


class RequestContext(dict[str, ContextValue]):
    """The values of condition keys, to which the tags of the resource are added when a condition asks for them."""

    def __init__(self, values: Mapping[str, ContextValue], load: Callable[[], Mapping[str, str]]) -> None:
        super().__init__(values)
        self._load: Callable[[], Mapping[str, str]] | None = load

    def get(self, key: str, default: ContextValue | None = None) -> ContextValue | None:  # type: ignore[override]
        """Return the value of a key in lower case."""
        if TAG_KEY in key:
            self._add_tags(key)
        return dict.get(self, key, default)

    def __contains__(self, key: object) -> bool:
        """Return whether a key has a value."""
        if isinstance(key, str) and TAG_KEY in key:
            self._add_tags(key)
        return dict.__contains__(self, key)

    def _add_tags(self, key: str) -> None:
        load, self._load = self._load, None
        if load is not None:
            self.update({f"aws{TAG_KEY}{name.lower()}": value for name, value in load().items()})
        prefix, _, name = key.partition(TAG_KEY)
        found = dict.get(self, f"aws{TAG_KEY}{name}")
        if found is not None and prefix != "aws":
            self[key] = found


def tags_of(bus: Bus, reader: Reader, caller: Caller, resource: str) -> Mapping[str, str]:
    """Return the tags of a resource."""
    place = arn.parse(resource)
    if place is None or place.service not in _READS:
        return {}
    service, operation, params = _READS[place.service](place, resource)
    owner = Caller(place.account or caller.account, place.region or caller.region)
    try:
        answer = bus.read(reader, owner, service, operation, params)
    except (AwsError, Bug, KeyError):
        return {}
    if operation == "DescribeStacks":
        answer = answer["Stacks"][0]
    given: Json = next((answer[each] for each in ("tags", "Tags", "TagList", "TagSet") if each in answer), {})
    return as_tags(given)


def _by_arn(service: str, parameter: str, operation: str = "ListTagsForResource") -> Read:
    return lambda _place, resource: (service, operation, {parameter: resource})


def _queue(place: Arn, _resource: str) -> tuple[str, str, Json]:
    url = f"https://sqs.{place.region}.amazonaws.com/{place.account}/{place.resource}"
    return "sqs", "ListQueueTags", {"QueueUrl": url}


def _parameter(place: Arn, _resource: str) -> tuple[str, str, Json]:
    name = place.resource.removeprefix("parameter/")
    params = {"ResourceType": "Parameter", "ResourceId": f"/{name}" if "/" in name else name}
    return "ssm", "ListTagsForResource", params


def _group(_place: Arn, resource: str) -> tuple[str, str, Json]:
    return "logs", "ListTagsForResource", {"resourceArn": ":".join(resource.split(":")[:7])}


def _stack(place: Arn, _resource: str) -> tuple[str, str, Json]:
    return "cloudformation", "DescribeStacks", {"StackName": place.resource.split("/")[1]}


def _entity(place: Arn, resource: str) -> tuple[str, str, Json]:
    kind, name = place.resource.partition("/")[0], place.resource.rpartition("/")[2]
    if kind == "policy":
        return "iam", "ListPolicyTags", {"PolicyArn": resource}
    return "iam", "ListRoleTags", {"RoleName": name}


def _bucket(place: Arn, _resource: str) -> tuple[str, str, Json]:
    return "s3", "GetBucketTagging", {"Bucket": place.resource.partition("/")[0]}


_READS: Mapping[str, Read] = {
    "cloudformation": _stack,
    "cloudwatch": _by_arn("monitoring", "ResourceARN"),
    "ecr": _by_arn("ecr", "resourceArn"),
    "ecs": _by_arn("ecs", "resourceArn"),
    "events": _by_arn("events", "ResourceARN"),
    "iam": _entity,
    "logs": _group,
    "s3": _bucket,
    "scheduler": _by_arn("scheduler", "ResourceArn"),
    "secretsmanager": _by_arn("secretsmanager", "SecretId", "DescribeSecret"),
    "sns": _by_arn("sns", "ResourceArn"),
    "sqs": _queue,
    "ssm": _parameter,
    "states": _by_arn("states", "resourceArn"),
}
"""How to read the tags of a resource, by the service in its ARN."""
