"""Tests of the groups of items."""

from lamplighter.base.group_items import group_items


def test_the_items_of_a_key_and_the_keys_keep_their_order() -> None:
    groups = group_items(["banana", "apple", "blueberry", "avocado"], lambda each: each[0])
    assert list(groups.items()) == [("b", ["banana", "blueberry"]), ("a", ["apple", "avocado"])]
