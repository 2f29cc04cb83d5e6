"""Create, describe and delete repositories, and keep their settings and policies.

Settings are kept and returned. They have no effect here: Docker has neither scans nor expiry. A policy decides only if
the engine enforces IAM. See
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError, require
from lamplighter.base.json_text import Json, loads_unique
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages
from lamplighter.operations.tags import TagFormat, TagOperations, TagRules
from lamplighter.services.ecr import errors
from lamplighter.services.ecr.tables import repositories as rows
from lamplighter.services.ecr.tables.repositories import Repository
from lamplighter.store.db import Reader, Tx

SETTINGS: Mapping[str, Json] = {
    "imageTagMutability": "MUTABLE",
    "imageScanningConfiguration": {"scanOnPush": False},
    "encryptionConfiguration": {"encryptionType": "AES256"},
}
"""The settings of a new repository."""
PAGES = Pages(
    lambda: errors.InvalidParameter("Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"),
    "nextToken",
    "maxResults",
)
EXCLUSIONS = "imageTagMutabilityExclusionFilters"
TAG_RULES = TagRules(TagFormat("resourceArn", "tags", "tagKeys", "Key", "Value"))


def find_repository(reader: Reader, caller: Caller, params: Json) -> Repository:
    """Return the repository that a request names. Raises RepositoryNotFoundException."""
    name, registry = params["repositoryName"], params.get("registryId", caller.account)
    found = rows.get(reader, registry, caller.region, name) if registry == caller.account else None
    return require(found, lambda: errors.NotFound(name, registry))


@dataclass(frozen=True, slots=True)
class RepositoryPolicy:
    """The operations on one kind of policy that a repository can have."""

    member: str
    """The member of requests and answers that has the policy's text."""
    missing: Callable[[str, str], AwsError]

    def put(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Store the policy."""
        found, text = find_repository(tx, caller, params), params[self.member]
        if not isinstance(loads_unique(text), dict):
            raise errors.InvalidParameter(
                f"Invalid parameter at '{self.member}' failed to satisfy constraint: 'Invalid policy text'"
            )
        rows.update(tx, replace(found, body={**found.body, self.member: text}))
        return {**_identity(found), self.member: text}

    def get(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the policy."""
        found = self._find(reader, caller, params)
        return {**_identity(found), self.member: found.body[self.member]}

    def delete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Delete the policy, and return it."""
        found = self._find(tx, caller, params)
        kept = {member: value for member, value in found.body.items() if member != self.member}
        rows.update(tx, replace(found, body=kept))
        return {**_identity(found), self.member: found.body[self.member]}

    def _find(self, reader: Reader, caller: Caller, params: Json) -> Repository:
        found = find_repository(reader, caller, params)
        if self.member not in found.body:
            raise self.missing(found.name, found.account)
        return found


LIFECYCLE_POLICY = RepositoryPolicy("lifecyclePolicyText", errors.LifecyclePolicyNotFound)
ACCESS_POLICY = RepositoryPolicy("policyText", errors.PolicyNotFound)
POLICY_MEMBERS = (LIFECYCLE_POLICY.member, ACCESS_POLICY.member)


class Repositories:
    """The operations on repositories, except for those on images."""

    def __init__(self, address: str) -> None:
        self._address = address

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle CreateRepository."""
        name = params["repositoryName"]
        if rows.get(tx, caller.account, caller.region, name) is not None:
            raise errors.AlreadyExists(name, caller.account)
        given = {member: params[member] for member in (*SETTINGS, EXCLUSIONS) if params.get(member)}
        tags = TAG_RULES.read(params.get("tags"))
        body = {**SETTINGS, **given}
        made = Repository(0, caller.account, caller.region, name, tx.now, tags, body)
        rows.insert(tx, made)
        return {"repository": self._show(made)}

    def describe(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle DescribeRepositories."""
        registry = params.get("registryId", caller.account)
        if names := params.get("repositoryNames"):
            found = [find_repository(reader, caller, {**params, "repositoryName": name}) for name in names]
            return {"repositories": [self._show(each) for each in found]}

        def read(after: str, most: int) -> list[Repository]:
            return rows.page(reader, registry, caller.region, after, most) if registry == caller.account else []

        return PAGES.page("repositories", params, "", read, self._show, lambda each: each.name)

    def _show(self, repository: Repository) -> Json:
        return show(repository, self._address)


def show(repository: Repository, address: str) -> Json:
    """Return a repository as answers contain it; its URI begins with the engine's address."""
    return {
        "repositoryArn": repository.arn,
        "registryId": repository.account,
        "repositoryName": repository.name,
        "repositoryUri": f"{address}/{repository.name}",
        "createdAt": repository.created / 1000,
        **{member: value for member, value in repository.body.items() if member not in POLICY_MEMBERS},
    }


def _find_by_arn(reader: Reader, caller: Caller, text: str) -> Repository:
    parsed = arn.parse(text)
    if parsed is None or not parsed.resource.startswith("repository/"):
        raise errors.InvalidParameter(f"Invalid parameter at 'resourceArn' failed to satisfy constraint: '{text}'")
    name = parsed.resource.removeprefix("repository/")
    return find_repository(reader, caller, {"repositoryName": name, "registryId": parsed.account})


def _identity(repository: Repository) -> Json:
    return {"registryId": repository.account, "repositoryName": repository.name}


def put_image_tag_mutability(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle PutImageTagMutability."""
    found = find_repository(tx, caller, params)
    given = {member: params[member] for member in ("imageTagMutability", EXCLUSIONS) if member in params}
    kept = {member: value for member, value in found.body.items() if member != EXCLUSIONS}
    rows.update(tx, replace(found, body={**kept, **given}))
    return {**_identity(found), **given}


def put_image_scanning_configuration(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle PutImageScanningConfiguration."""
    found, wanted = find_repository(tx, caller, params), params["imageScanningConfiguration"]
    rows.update(tx, replace(found, body={**found.body, "imageScanningConfiguration": wanted}))
    return {**_identity(found), "imageScanningConfiguration": wanted}


def find_policy(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Return the policies of a repository, as texts, for IAM's decisions; AWS has no such operation."""
    place = arn.parse_known(params["Resource"])
    text = rows.policy_of(reader, place.account, place.region, place.resource.partition("/")[2])
    return {"Policies": [] if text is None else [text]}


TAG_OPERATIONS = TagOperations.of_rows(TAG_RULES, _find_by_arn, rows.update)
