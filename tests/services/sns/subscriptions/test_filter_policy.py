"""Filter policies: which messages a subscription gets.

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

STORE: Json = {
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


def wants(policy: Json, attributes: dict[str, Attribute] | None = None, text: str = "", scope: str = "") -> bool:
    settings = {"FilterPolicy": dumps(policy)} | ({"FilterPolicyScope": scope} if scope else {})
    return filter_policy.wants_message(settings, text, filter_policy.FilteredMessage(attributes or {}, {}))


def wants_body(policy: Json, text: str) -> bool:
    return wants(policy, text=text, scope="MessageBody")


def fault(policy: Json, *, body: bool = False) -> str:
    with pytest.raises(AwsError) as error:
        filter_policy.check_policy(policy if isinstance(policy, str) else dumps(policy), body=body)
    return error.value.message


def test_the_example_of_the_developer_guide_is_accepted() -> None:
    assert wants(STORE, MESSAGE)


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
def test_one_attribute_that_does_not_match_is_enough_to_keep_a_message_back(name: str, attribute: Attribute) -> None:
    assert not wants(STORE, {**MESSAGE, name: attribute})


@pytest.mark.parametrize("name", STORE)
def test_an_attribute_that_is_missing_matches_nothing(name: str) -> None:
    assert not wants(STORE, {key: value for key, value in MESSAGE.items() if key != name})


def test_the_absence_of_an_attribute_may_be_asked_for() -> None:
    assert wants({"store": [{"exists": False}]}, {})
    assert not wants({"store": [{"exists": False}]}, MESSAGE)
    assert wants({"store": [{"exists": True}]}, MESSAGE)


@pytest.mark.parametrize("text", ["3", "3.0", "3e0", "0.3E1", "+3", ".3e1", "03"])
def test_numbers_are_compared_by_value_however_they_are_written(text: str) -> None:
    assert wants({"count": [3]}, {"count": Attribute("Number", text)})
    assert wants({"count": [{"numeric": ["=", 3]}]}, {"count": Attribute("Number", text)})


def test_a_binary_attribute_is_not_looked_at() -> None:
    assert not wants({"bytes": [{"exists": True}]}, {"bytes": Attribute("Binary", "AAAA")})


def test_an_array_may_hold_more_than_texts() -> None:
    array = {"many": Attribute("String.Array", '[1, true, null, "x"]')}
    assert all(wants({"many": [value]}, array) for value in (1, True, None, "x"))
    assert not wants({"many": [2]}, array)


def test_either_of_two_attributes_may_be_asked_for() -> None:
    policy = {"$or": [{"store": ["a"]}, {"event": ["b"]}]}
    assert wants(policy, {"store": Attribute("String", "a")})
    assert wants(policy, {"event": Attribute("String", "b")})
    assert not wants(policy, {"event": Attribute("String", "a")})


def test_a_body_is_filtered_by_what_is_inside() -> None:
    policy = {"status": ["FAILED"], "detail": {"exit": [{"numeric": [">", 0]}]}}
    assert wants_body(policy, '{"status": "FAILED", "detail": {"exit": 3}, "more": 1}')
    assert not wants_body(policy, '{"status": "FAILED", "detail": {"exit": 0}}')
    assert not wants_body(policy, '{"status": "FAILED"}')


@pytest.mark.parametrize("text", ["plain", "", "[1]", '"x"', "[" * 100_000])
def test_a_body_that_is_no_object_is_kept_back(text: str) -> None:
    assert not wants_body({"a": [1]}, text)


def test_objects_in_arrays_of_a_body_are_looked_into() -> None:
    policy = {"jobs": {"name": ["a"]}}
    assert wants_body(policy, '{"jobs": [{"name": "b"}, {"name": "a"}]}')


def test_an_empty_policy_wants_everything() -> None:
    filter_policy.check_policy("{}", body=False)
    assert wants({}, {})


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
def test_what_is_no_policy_is_refused(policy: Json, reason: str) -> None:
    assert reason in fault(policy)


def test_nested_keys_count_by_their_level() -> None:
    """The developer guide's example: 4 x 3 x 3 x 2 x 3 = 216 for three, two and one level."""
    policy = {"a": {"b": {"c": list("wxyz")}}, "d": {"e": list("xyz")}, "f": list("xyz")}
    assert fault(policy, body=True) == "Filter policy is too complex"
    filter_policy.check_policy(dumps({"a": {"b": {"c": list("wxyz")}}, "d": {"e": list("xyz")}}), body=True)


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.text(max_size=3), min_size=1, max_size=3), min_size=1))
def test_what_a_policy_lists_is_what_it_wants(policy: dict[str, list[str]]) -> None:
    filter_policy.check_policy(dumps(policy), body=False)
    assert wants(policy, {name: Attribute("String", values[-1]) for name, values in policy.items()})
    assert not wants(policy, {name: Attribute("String", "else") for name in policy})


def test_a_message_that_is_not_wanted_is_counted_and_not_delivered(harness: SnsHarness) -> None:
    topic = harness.topic()
    arn = harness.subscribe(topic, "sqs", QUEUE, FilterPolicy=dumps({"status": ["FAILED"]}))
    for status in ("FAILED", "SUCCEEDED"):
        attributes = {"status": {"DataType": "String", "StringValue": status}}
        harness.publish(topic, status, MessageAttributes=attributes)
    assert len(harness.queued()) == 1
    assert topics.counts(harness.engine.store.reader, topic)["filtered"] == 1
    shown = harness.attributes(arn)
    assert (shown["FilterPolicy"], shown["FilterPolicyScope"]) == ('{"status":["FAILED"]}', "MessageAttributes")


def test_a_policy_is_changed_and_taken_away_as_a_subscription_lives(harness: SnsHarness) -> None:
    topic = harness.topic()
    arn = harness.subscribe(topic, "sqs", QUEUE, FilterPolicy='{"a":["b"]}', FilterPolicyScope="MessageBody")
    change = {"SubscriptionArn": arn, "AttributeName": "FilterPolicy"}
    harness.publish(topic, '{"a": "c"}')
    harness.sns("SetSubscriptionAttributes", AttributeValue='{"a":["c"]}', **change)
    harness.publish(topic, '{"a": "c"}')
    assert len(harness.queued()) == 1
    harness.sns("SetSubscriptionAttributes", **change)
    harness.publish(topic, "anything")
    assert len(harness.queued()) == 2
    assert harness.refused("SetSubscriptionAttributes", AttributeValue="{", **change)[0] == "InvalidParameter"


def test_the_scope_of_a_nested_policy_cannot_become_attributes(harness: SnsHarness) -> None:
    arn = harness.subscribe(
        harness.topic(), "sqs", QUEUE, FilterPolicy='{"a":{"b":["c"]}}', FilterPolicyScope="MessageBody"
    )
    refused = harness.refused(
        "SetSubscriptionAttributes",
        SubscriptionArn=arn,
        AttributeName="FilterPolicyScope",
        AttributeValue="MessageAttributes",
    )
    assert "does not support nested filter policy" in refused[1]


def test_each_protocols_text_is_filtered(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "sqs", QUEUE, FilterPolicy='{"to":["sqs"]}', FilterPolicyScope="MessageBody")
    harness.publish(topic, dumps({"default": '{"to":"all"}', "sqs": '{"to":"sqs"}'}), MessageStructure="json")
    assert len(harness.queued()) == 1
