"""Make the ids and ARNs of IAM's entities, and the parts of answers that all kinds of entities share.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.operations.pages import Pages, read_sorted
from lamplighter.operations.tags import TagFormat, TagRules
from lamplighter.services.iam.errors import InvalidInput, LimitExceeded

T = TypeVar("T")
PAGES = Pages(lambda: InvalidInput("Invalid Marker."), "Marker", "MaxItems", truncated_name="IsTruncated")
ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
TAGS = TagRules(
    TagFormat("RoleName", "Tags", "TagKeys", "Key", "Value"),
    too_many=lambda: LimitExceeded("The number of tags has reached the maximum limit."),
    reserved=lambda _key: InvalidInput("Tag keys starting with 'aws:' are reserved for system use"),
)


def make_id(world: World, prefix: str) -> str:
    """Return a unique id: the kind's prefix, such as AROA, and seventeen letters and digits."""
    number = int(world.uuid().replace("-", ""), 16)
    digits = []
    for _ in range(17):
        number, at = divmod(number, 32)
        digits.append(ID_LETTERS[at])
    return prefix + "".join(digits)


def entity_arn(account: str, kind: str, path: str, name: str) -> str:
    """Return the ARN of an entity: arn:aws:iam::123456789012:role/path/name."""
    return arn.build("iam", "", account, f"{kind}{path}{name}")


def name_of_arn(text: str) -> str:
    """Return the name at the end of an entity's ARN."""
    return text.rpartition("/")[2]


def page_of_all(
    field: str, params: Json, found: Sequence[T], show: Callable[[T], Json], name: Callable[[T], str]
) -> Json:
    """Return one page of a list that is complete and in order of name."""
    return PAGES.page(field, params, "", read_sorted(found, name), show, name)


def tag_rules(parameter: str) -> TagRules:
    """Return the rules for the tags of the entities that a parameter names, such as RoleName."""
    return replace(TAGS, format=replace(TAGS.format, resource=parameter))


def shown_tags(tags: dict[str, str]) -> Json:
    """Return tags as an answer contains them, or nothing."""
    return {"Tags": TAGS.format.write(tags)} if tags else {}
