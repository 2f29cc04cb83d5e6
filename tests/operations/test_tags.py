"""Tags are merged, checked and removed the same way for every service, in the service's own spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.tags import LOWER_CASE, MAX_TAGS, OBJECT, UPPER_CASE, TagFormat, TagOperations, TagRules

CALLER = Caller("123456789012", "eu-west-1")
FORMATS = (LOWER_CASE, UPPER_CASE, OBJECT)
tag_maps = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=5)


def rules(form: TagFormat = LOWER_CASE) -> TagRules:
    return TagRules(form, lambda: ValidationError("too many"), lambda key: ValidationError(f"{key} is reserved"))


@given(st.sampled_from(FORMATS), tag_maps)
def test_tags_are_written_as_they_are_read(form: TagFormat, tags: dict[str, str]) -> None:
    assert form.read(form.write(tags)) == tags


@given(tag_maps, tag_maps)
def test_new_tags_override_old_ones(old: dict[str, str], new: dict[str, str]) -> None:
    assert rules().merge(old, LOWER_CASE.write(new)) == old | new


def test_fifty_tags_are_accepted_and_one_more_is_not() -> None:
    full = {str(number): "" for number in range(MAX_TAGS)}
    assert rules().read(LOWER_CASE.write(full)) == full
    with pytest.raises(ValidationError, match="too many"):
        rules().merge(full, [{"key": "one more", "value": ""}])
    assert len(TagRules(LOWER_CASE).merge(full, [{"key": "one more"}])) == MAX_TAGS + 1


def test_a_new_key_that_begins_with_aws_in_any_case_is_rejected_but_an_old_one_stays() -> None:
    with pytest.raises(ValidationError, match="AWS:x is reserved"):
        rules().merge({}, [{"key": "AWS:x", "value": ""}])
    assert rules().merge({"aws:cloudformation:stack-id": "s"}, []) == {"aws:cloudformation:stack-id": "s"}


def test_the_three_operations_find_change_and_show_one_resource() -> None:
    stored: dict[str, dict[str, str]] = {"one": {"team": "data", "tier": "gold"}}

    def save(_tx: object, name: str, tags: dict[str, str]) -> None:
        stored[name] = tags

    operations = TagOperations(rules(), lambda _reader, _caller, name: name, lambda name: stored[name], save)
    tx: Json = None
    operations.tag(tx, CALLER, {"resourceArn": "one", "tags": [{"key": "team", "value": "ops"}, {"key": "x"}]})
    operations.untag(tx, CALLER, {"resourceArn": "one", "tagKeys": ["tier", "unknown"]})
    shown = operations.list(tx, CALLER, {"resourceArn": "one"})
    assert shown == {"tags": [{"key": "team", "value": "ops"}, {"key": "x", "value": ""}]}
