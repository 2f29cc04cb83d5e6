"""Implement the tags of resources for all services: TagResource, UntagResource and ListTagsForResource.

A service passes how it spells tags, which errors it raises, and how it finds and saves the tags of a resource.
See https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html: keys that begin with aws: are reserved.
"""

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, replace
from typing import ClassVar, Generic, Protocol, TypeVar

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller, Operation
from lamplighter.store.db import Reader, Tx

T = TypeVar("T")


class TaggedRow(Protocol):
    """A row of a table that has tags."""

    __dataclass_fields__: ClassVar[dict[str, Field[Json]]]

    @property
    def tags(self) -> dict[str, str]:
        """The tags by their keys."""


R = TypeVar("R", bound=TaggedRow)
MAX_TAGS = 50
TOO_MANY_TAGS = f"A resource can have at most {MAX_TAGS} tags."
"""The message of services whose own message for too many tags is not known."""
NO_TAGS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class TagFormat:
    """How a service spells tags in its requests and answers."""

    resource: str
    """The parameter that names the resource."""
    tags: str
    keys: str
    key: str | None
    """The member of a tag that holds its key, or None if the tags are one JSON object."""
    value: str

    def read(self, given: Json) -> dict[str, str]:
        """Return the tags of a request by their keys."""
        if self.key is None:
            return dict(given or {})
        return {tag[self.key]: tag.get(self.value, "") for tag in given or ()}

    def write(self, tags: Mapping[str, str]) -> Json:
        """Return tags as an answer contains them."""
        if self.key is None:
            return dict(tags)
        return [{self.key: key, self.value: value} for key, value in tags.items()]


LOWER_CASE = TagFormat("resourceArn", "tags", "tagKeys", "key", "value")
UPPER_CASE = TagFormat("ResourceARN", "Tags", "TagKeys", "Key", "Value")
OBJECT = replace(LOWER_CASE, key=None)


@dataclass(frozen=True, slots=True)
class TagRules:
    """Which tags a service accepts, and the errors for the others."""

    format: TagFormat
    too_many: Callable[[], AwsError] | None = None
    """Builds the error for more than 50 tags; without it the service accepts any number."""
    reserved: Callable[[str], AwsError] | None = None
    """Builds the error for a key that begins with `aws:`; without it the service accepts such keys."""
    check: Callable[[Json], None] = lambda _given: None
    """Raises the service's error for other faults of a request's tags."""

    def merge(self, old: Mapping[str, str], given: Json) -> dict[str, str]:
        """Return the old tags, overridden by the tags of a request. Raises the service's errors."""
        self.check(given or ())
        new = self.format.read(given)
        if self.reserved is not None:
            for key in new:
                if key.lower().startswith("aws:"):
                    raise self.reserved(key)
        merged = {**old, **new}
        if self.too_many is not None and len(merged) > MAX_TAGS:
            raise self.too_many()
        return merged

    def read(self, given: Json) -> dict[str, str]:
        """Return the tags of a new resource. Raises the service's errors."""
        return self.merge(NO_TAGS, given)


@dataclass(frozen=True, slots=True)
class TagOperations(Generic[T]):
    """The operations on the tags of one kind of resource."""

    _rules: TagRules
    _find: Callable[[Reader, Caller, str], T]
    """Finds a resource by the parameter that names it, and raises the service's errors."""
    _tags_of: Callable[[T], Mapping[str, str]]
    _save: Callable[[Tx, T, dict[str, str]], None]

    @staticmethod
    def of_rows(
        rules: TagRules, find: Callable[[Reader, Caller, str], R], put: Callable[[Tx, R], None]
    ) -> "TagOperations[R]":
        """Return the operations on the tags of rows that `find` finds and `put` stores."""
        return TagOperations(rules, find, lambda row: row.tags, lambda tx, row, tags: put(tx, replace(row, tags=tags)))

    def by_name(self) -> dict[str, Operation]:
        """Return the operations by their AWS names, for a service's table."""
        return {**self.changes("Resource"), "ListTagsForResource": Operation(read=self.list)}

    def changes(self, noun: str) -> dict[str, Operation]:
        """Return the operations that change tags by their AWS names, such as TagRole and UntagRole."""
        return {f"Tag{noun}": Operation(write=self.tag), f"Untag{noun}": Operation(write=self.untag)}

    def tag(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Handle TagResource."""
        found = self._find(tx, caller, params[self._rules.format.resource])
        self._save(tx, found, self._rules.merge(self._tags_of(found), params[self._rules.format.tags]))

    def untag(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Handle UntagResource; keys that the resource does not have are ignored."""
        found = self._find(tx, caller, params[self._rules.format.resource])
        removed = params[self._rules.format.keys]
        self._save(tx, found, {key: value for key, value in self._tags_of(found).items() if key not in removed})

    def list(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle ListTagsForResource."""
        found = self._find(reader, caller, params[self._rules.format.resource])
        return {self._rules.format.tags: self._rules.format.write(self._tags_of(found))}
