"""Present properties are compared in the shape of a template's properties."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.deploy.compare_properties import (
    PropertyDifference,
    in_shape_of,
    property_differences,
)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"DelaySeconds": 1}, {"delaySeconds": "1", "other": 2}),
        ({"Threshold": "1.50"}, {"threshold": 1.5}),
        ({"Enabled": "true"}, {"enabled": True}),
        ({"Policy": {"a": 1}}, {"Policy": '{"a": 1}'}),
        ({"Policy": '{"a":1}'}, {"Policy": '{ "a": 1 }'}),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}, {"tags": {"b": "2", "a": "1"}}),
        ({"Targets": [{"Id": "b"}, {"Id": "a"}]}, {"targets": [{"id": "a"}, {"id": "b"}]}),
        ({"Groups": ["b", "a"]}, {"groups": ["a", "b"]}),
        ({"Description": "", "Dimensions": [], "Enabled": False}, {}),
    ],
)
def test_another_spelling_order_or_type_is_no_difference(expected: Json, actual: Json) -> None:
    shaped = in_shape_of(expected, actual)
    assert shaped == expected
    assert list(property_differences(expected, shaped)) == []


@pytest.mark.parametrize(
    ("expected", "actual", "difference"),
    [
        ({"A": 1}, {"a": "2"}, PropertyDifference("/A", "1", "2", "NOT_EQUAL")),
        ({"A": "x"}, {}, PropertyDifference("/A", "x", "null", "REMOVE")),
        ({"A": {"B": 1}}, {"a": {"b": 2, "c": 3}}, PropertyDifference("/A/B", "1", "2", "NOT_EQUAL")),
        ({"P": {"a": 1}}, {"p": '{"a":1,"b":2}'}, PropertyDifference("/P/b", "null", "2", "ADD")),
        (
            {"T": [{"Id": "1"}]},
            {"t": [{"id": "1"}, {"id": "2", "arn": "x"}]},
            PropertyDifference("/T/1", "null", '{"Id":"2","Arn":"x"}', "ADD"),
        ),
        (
            {"T": [{"Id": "1"}, {"Id": "2"}]},
            {"t": [{"id": "2"}]},
            PropertyDifference("/T/0", '{"Id":"1"}', "null", "REMOVE"),
        ),
        ({"a/b": {"~": 1}}, {"a/b": {"~": 2}}, PropertyDifference("/a~1b/~0", "1", "2", "NOT_EQUAL")),
    ],
)
def test_a_difference_has_the_pointer_of_its_place(
    expected: Json, actual: Json, difference: PropertyDifference
) -> None:
    assert list(property_differences(expected, in_shape_of(expected, actual))) == [difference]
