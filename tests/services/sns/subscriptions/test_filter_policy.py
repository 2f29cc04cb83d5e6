"""Test which messages a subscription gets with a filter policy.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.services.sns.messages.message import Attribute
from lamplighter.services.sns.subscriptions import filter_policy
from lamplighter.services.sns.tables import topics
from tests.services.sns.sns_harness import QUEUE, SnsHarness

STORE_POLICY: Json = {
    "store": ["example_corp"],
    "event": [{"anything-but": "order_cancelled"}],
    "interests": ["rugby", "football"],
    "price": [{"numeric": [">=", 100]}],
}
MESSAGE = {
    "store": Attribute("String", "example_corp"),
    "event": Attribute("String", "order_placed"),
    "interests": Attribute("String.Array", '["soccer", "rugby", "hockey"]'),
    "price": Attribute("Number", "210.75"),
}


def matches(policy: Json, attributes: dict[str, Attribute] | None = None, text: str = "", scope: str = "") -> bool:
    settings = {"FilterPolicy": dumps(policy)} | ({"FilterPolicyScope": scope} if scope else {})
    return filter_policy.wants_message(settings, text, filter_policy.FilteredMessage(attributes or {}, {}))


def matches_body(policy: Json, text: str) -> bool:
    return matches(policy, text=text, scope="MessageBody")


def policy_error(policy: Json, *, body: bool = False) -> str:
    with pytest.raises(AwsError) as error:
        filter_policy.check_policy(policy if isinstance(policy, str) else dumps(policy), body=body)
    return error.value.message


def test_the_example_of_the_developer_guide_is_accepted() -> None:
    assert matches(STORE_POLICY, MESSAGE)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("store", Attribute("String", "other")),
        ("event", Attribute("String", "order_cancelled")),
        ("interests", Attribute("String.Array", '["tennis"]')),
        ("price", Attribute("Number", "99.99")),
        ("price", Attribute("String", "210.75")),
    ],
)
def test_one_attribute_that_does_not_match_rejects_the_message(name: str, attribute: Attribute) -> None:
    assert not matches(STORE_POLICY, {**MESSAGE, name: attribute})


@pytest.mark.parametrize("name", STORE_POLICY)
def test_a_missing_attribute_does_not_match(name: str) -> None:
    assert not matches(STORE_POLICY, {key: value for key, value in MESSAGE.items() if key != name})


def test_a_policy_can_require_that_an_attribute_exists_or_is_missing() -> None:
    assert matches({"store": [{"exists": False}]}, {"event": MESSAGE["event"]})
    assert not matches({"store": [{"exists": False}]}, MESSAGE)
    assert matches({"store": [{"exists": True}]}, MESSAGE)


def test_a_message_without_any_attribute_matches_no_policy() -> None:
    """The guide: "An empty set of attributes results in the filter not matching."

    See https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html.
    """
    assert not matches({"store": [{"exists": False}]}, {})
    assert not matches({"store": [{"exists": False}]}, {"bytes": Attribute("Binary", "AAAA")})
    assert not matches_body({"store": [{"exists": False}]}, "{}")


@pytest.mark.parametrize("operator", ["suffix", "equals-ignore-case"])
def test_anything_but_negates_prefixes_and_wildcards_only(operator: str) -> None:
    for accepted in ("prefix", "wildcard"):
        filter_policy.check_policy(dumps({"key": [{"anything-but": {accepted: "x*"}}]}), body=False)
    assert policy_error({"key": [{"anything-but": {operator: "x"}}]}).startswith(
        f"Invalid parameter: FilterPolicy: Unsupported anything-but pattern: {operator}\n at [Source: "
    )


@pytest.mark.parametrize("text", ["3", "3.0", "3e0", "0.3E1", "+3", ".3e1", "03"])
def test_numbers_in_any_notation_are_compared_by_value(text: str) -> None:
    assert matches({"count": [3]}, {"count": Attribute("Number", text)})
    assert matches({"count": [{"numeric": ["=", 3]}]}, {"count": Attribute("Number", text)})


def test_a_binary_attribute_is_ignored() -> None:
    assert not matches({"bytes": [{"exists": True}]}, {"bytes": Attribute("Binary", "AAAA")})


def test_an_array_attribute_can_contain_numbers_booleans_and_null() -> None:
    array = {"many": Attribute("String.Array", '[1, true, null, "x"]')}
    assert all(matches({"many": [value]}, array) for value in (1, True, None, "x"))
    assert not matches({"many": [2]}, array)


def test_an_or_policy_accepts_either_of_two_attributes() -> None:
    policy = {"$or": [{"store": ["a"]}, {"event": ["b"]}]}
    assert matches(policy, {"store": Attribute("String", "a")})
    assert matches(policy, {"event": Attribute("String", "b")})
    assert not matches(policy, {"event": Attribute("String", "a")})


def test_a_body_is_filtered_by_its_values_and_nested_values() -> None:
    policy = {"status": ["FAILED"], "detail": {"exit": [{"numeric": [">", 0]}]}}
    assert matches_body(policy, '{"status": "FAILED", "detail": {"exit": 3}, "more": 1}')
    assert not matches_body(policy, '{"status": "FAILED", "detail": {"exit": 0}}')
    assert not matches_body(policy, '{"status": "FAILED"}')


@pytest.mark.parametrize("text", ["plain", "", "[1]", '"x"', "[" * 100_000])
def test_a_body_that_is_not_a_json_object_is_rejected(text: str) -> None:
    assert not matches_body({"a": [1]}, text)


def test_objects_in_arrays_of_a_body_are_matched() -> None:
    policy = {"jobs": {"name": ["a"]}}
    assert matches_body(policy, '{"jobs": [{"name": "b"}, {"name": "a"}]}')


def test_an_empty_policy_accepts_every_message() -> None:
    filter_policy.check_policy("{}", body=False)
    assert matches({}, {})


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("no", "failed to parse JSON."),
        ("[]", "failed to parse JSON."),
        ({"a": {"b": ["c"]}}, "does not support nested filter policy"),
        ({"a": "b"}, '"a" must be an object or an array'),
        ({"a": []}, "Empty arrays are not allowed"),
        ({"a": [{"near": "b"}]}, "near"),
        ({f"k{number}": ["v"] for number in range(6)}, "can not have more than 5 keys"),
        ({"a": list(range(13)), "b": list(range(12))}, "Filter policy is too complex"),
    ],
)
def test_an_invalid_policy_is_refused(policy: Json, reason: str) -> None:
    assert reason in policy_error(policy)


def test_nested_keys_count_by_their_depth() -> None:
    """The developer guide's example: 4 x 3 x 3 x 2 x 3 = 216 for three, two and one level."""
    policy = {"a": {"b": {"c": list("wxyz")}}, "d": {"e": list("xyz")}, "f": list("xyz")}
    assert policy_error(policy, body=True) == "Invalid parameter: FilterPolicy: Filter policy is too complex"
    filter_policy.check_policy(dumps({"a": {"b": {"c": list("wxyz")}}, "d": {"e": list("xyz")}}), body=True)


def test_the_ways_of_an_or_add_up() -> None:
    """12 x (6 + 6) = 144 combinations are accepted, and 12 x (6 + 7) = 156 are not."""

    def policy(last: int) -> Json:
        return {"a": list(range(12)), "$or": [{"b": list(range(6))}, {"c": list(range(last))}]}

    filter_policy.check_policy(dumps(policy(6)), body=False)
    assert "too complex" in policy_error(policy(7))


def test_a_key_that_several_ways_of_an_or_name_counts_once() -> None:
    ways = [{"a": [number], "b": ["x"]} for number in range(6)]
    filter_policy.check_policy(dumps({"$or": ways, "c": ["x"]}), body=False)


def test_a_refused_policy_names_its_place_in_the_text_without_spaces() -> None:
    assert policy_error('{"key": [{"exists": null}]}') == (
        "Invalid parameter: FilterPolicy: exists match pattern must be either true or false.\n"
        " at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 23]"
    )


def test_text_that_is_not_json_is_refused_with_the_first_wrong_character() -> None:
    assert policy_error("{invalidjson}") == (
        "Invalid parameter: FilterPolicy: failed to parse JSON. Unexpected character ('i' (code 105)): was expecting "
        "double-quote to start field name\n"
        " at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]"
    )


def test_the_condition_of_a_nested_key_is_read_before_its_nesting_is_refused() -> None:
    assert '"suffix" must be an object or an array' in policy_error({"key": {"suffix": "value"}})
    nested = "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"
    assert policy_error({"object": {"key": ["v"]}}) == nested
    assert policy_error({"$or": [{"object": {"key": ["v"]}}, {"other": ["v"]}]}) == nested


@pytest.mark.parametrize(
    ("wanted", "given", "result"),
    [
        (["=", 0.123456], "0.123459", True),
        (["=", 0.29], "0.290001", True),
        (["=", 0.29], "0.29001", False),
        (["=", -1.5], "-1.5", True),
        ([">", 10.00001], "10.000019", False),
        ([">", 10.00001], "10.00002", True),
        (["=", 300], "300.000009", True),
        ([">", 0, "<=", 100], "100.0000099", True),
    ],
)
def test_numbers_are_compared_to_five_digits_after_the_decimal_point(
    wanted: list[Json], given: str, result: bool
) -> None:
    policy: Json = {"price": [{"numeric": wanted}]}
    assert matches(policy, {"price": Attribute("Number", given)}) is result
    assert matches_body(policy, f'{{"price": {given}}}') is result


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.text(max_size=3), min_size=1, max_size=3), min_size=1))
def test_a_policy_accepts_exactly_the_values_that_it_lists(policy: dict[str, list[str]]) -> None:
    filter_policy.check_policy(dumps(policy), body=False)
    assert matches(policy, {name: Attribute("String", values[-1]) for name, values in policy.items()})
    assert not matches(policy, {name: Attribute("String", "else") for name in policy})


def test_a_filtered_message_is_counted_and_not_delivered(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    arn = harness.subscribe(topic, "sqs", QUEUE, FilterPolicy=dumps({"status": ["FAILED"]}))
    for status in ("FAILED", "SUCCEEDED"):
        attributes = {"status": {"DataType": "String", "StringValue": status}}
        harness.publish(topic, status, MessageAttributes=attributes)
    assert len(harness.queued_messages()) == 1
    assert topics.counts(harness.engine.store.reader, topic)["filtered"] == 1
    shown = harness.get_subscription_attributes(arn)
    assert (shown["FilterPolicy"], shown["FilterPolicyScope"]) == ('{"status":["FAILED"]}', "MessageAttributes")


def test_the_policy_of_a_subscription_can_be_changed_and_removed(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    arn = harness.subscribe(topic, "sqs", QUEUE, FilterPolicy='{"a":["b"]}', FilterPolicyScope="MessageBody")
    change = {"SubscriptionArn": arn, "AttributeName": "FilterPolicy"}
    harness.publish(topic, '{"a": "c"}')
    harness.sns("SetSubscriptionAttributes", AttributeValue='{"a":["c"]}', **change)
    harness.publish(topic, '{"a": "c"}')
    assert len(harness.queued_messages()) == 1
    harness.sns("SetSubscriptionAttributes", **change)
    harness.publish(topic, "anything")
    assert len(harness.queued_messages()) == 2
    assert harness.expect_error("SetSubscriptionAttributes", AttributeValue="{", **change)[0] == "InvalidParameter"


def test_the_scope_of_a_nested_policy_cannot_become_message_attributes(harness: SnsHarness) -> None:
    arn = harness.subscribe(
        harness.create_topic(), "sqs", QUEUE, FilterPolicy='{"a":{"b":["c"]}}', FilterPolicyScope="MessageBody"
    )
    refused = harness.expect_error(
        "SetSubscriptionAttributes",
        SubscriptionArn=arn,
        AttributeName="FilterPolicyScope",
        AttributeValue="MessageAttributes",
    )
    assert "does not support nested filter policy" in refused[1]


def test_the_filter_applies_to_the_text_for_its_protocol(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", QUEUE, FilterPolicy='{"to":["sqs"]}', FilterPolicyScope="MessageBody")
    harness.publish(topic, dumps({"default": '{"to":"all"}', "sqs": '{"to":"sqs"}'}), MessageStructure="json")
    assert len(harness.queued_messages()) == 1
