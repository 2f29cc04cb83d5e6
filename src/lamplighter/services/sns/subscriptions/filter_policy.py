"""Match messages against the filter policies of subscriptions.

A policy is an event pattern with SNS's limits: five keys, 150 combinations, and no nesting if it applies to attributes.
For an attribute policy, a message is an object of its attributes: text, numbers, and arrays, of which any element may
match. Binary attributes are ignored. Numbers are compared by value, whatever the attribute's text looks like, and "with
five digits of accuracy after the decimal point": further digits make no difference. For a body policy, a message is the
JSON object in its body; a body that is no object does not match. "An empty set of attributes results in the filter not
matching", even for `"exists": false`. See
https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html,
https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html and
https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache

from lamplighter.base.json_text import Json, convert_members, dumps, loads, loads_or
from lamplighter.base.precompute import Precomputed
from lamplighter.bus import Work
from lamplighter.lang.event_pattern.comparisons import Path, PatternPosition
from lamplighter.lang.event_pattern.pattern import EventPatternError, Pattern, PatternTooComplex, compile_event_pattern
from lamplighter.lang.jackson_location import hide_source, location_at, offset_of
from lamplighter.services.sns.errors import InvalidParameter
from lamplighter.services.sns.messages.message import Attribute
from lamplighter.services.sns.policy_text import parse_policy

log = logging.getLogger("lamplighter.sns")

NOT_NEGATED = frozenset({"equals-ignore-case", "suffix"})
"""Operators that `anything-but` cannot negate in a filter policy; it can negate `prefix` and `wildcard`."""
MAX_KEYS = 5
MAX_COMBINATIONS = 150
MAX_POLICY_BYTES = 262_144
ACCURACY = Decimal("0.00001")
MAX_ROUNDED = 10**10
"""Larger numbers keep all their digits; no policy can compare them."""
MAX_CACHED_POLICIES = 10_000
"""The most compiled policies that are kept: with fewer, Publish to as many subscriptions compiles all of them again."""


def check_policy(text: str, *, body: bool) -> None:
    """Raise an AWS error for an invalid filter policy; `body` is whether the policy applies to the body."""
    _CHECK(text, body)


def prepare_check(text: str, *, body: bool) -> Work | None:
    """Return the part of `check_policy` to do before the turn, or None if the policy is small."""
    return _CHECK.work_for(text, body)


def _check(text: str, body: bool) -> None:  # noqa: FBT001 - a part of the key
    if len(text.encode()) > MAX_POLICY_BYTES:
        raise InvalidParameter("FilterPolicy: Policy is too large")
    policy = parse_policy("FilterPolicy", text)
    if not isinstance(policy, dict):
        raise InvalidParameter("FilterPolicy: failed to parse JSON. Filter policy is not an object")
    if not policy:
        return
    try:
        compile_event_pattern(policy)
        _check_operators(policy)
    except EventPatternError as error:
        raise InvalidParameter(f"FilterPolicy: {_reason(dumps(policy), error)}") from None
    if not body and _is_nested(policy):
        raise InvalidParameter("Filter policy scope MessageAttributes does not support nested filter policy")
    if _count_keys(policy) > MAX_KEYS:
        raise InvalidParameter(f"FilterPolicy: Filter policy can not have more than {MAX_KEYS} keys")
    if _count_combinations(policy) > MAX_COMBINATIONS:
        raise InvalidParameter("FilterPolicy: Filter policy is too complex")


def _check_operators(policy: Json, at: Path = ()) -> None:
    """Raise `EventPatternError` for an operator that EventBridge has, and SNS has not."""
    members = policy.items() if isinstance(policy, dict) else enumerate(policy) if isinstance(policy, list) else ()
    for name, value in members:
        place = (*at, name)
        if name == "anything-but" and isinstance(value, dict) and (unknown := next(iter(value), "")) in NOT_NEGATED:
            raise EventPatternError(f"Unsupported anything-but pattern: {unknown}", PatternPosition((*place, unknown)))
        _check_operators(value, place)


def _reason(text: str, error: EventPatternError) -> str:
    """Return the reason why a policy is refused, with its place in the text, which AWS writes without spaces."""
    at = offset_of(text, error.position) if error.position is not None else None
    if error.position is None or at is None:
        return error.reason
    return hide_source(error.reason + location_at(text, at) * error.position.repeats, text)


_CHECK = Precomputed(_check)

PolicyMatches = Mapping[tuple[str, str, str], bool]
"""The results that are already known: whether a message matches, by filter policy, scope and text."""


@dataclass(slots=True)
class FilteredMessage:
    """A message to match; it is parsed once, however many policies there are."""

    attributes: Mapping[str, Attribute]
    known_matches: PolicyMatches
    _documents: dict[str, Json] = field(default_factory=dict)
    _attributes_object: Json = None

    def parsed_body(self, text: str) -> Json:
        """Return the parsed body, or None if it is not a JSON object."""
        if text not in self._documents:
            self._documents[text] = _object(text)
        return self._documents[text]

    def attributes_object(self) -> Json:
        """Return the attributes as an object for the pattern."""
        if self._attributes_object is None:
            self._attributes_object = _build_attributes_object(self.attributes)
        return self._attributes_object


def wants_message(subscription: Mapping[str, str], text: str, filtered_message: FilteredMessage) -> bool:
    """Return whether a message matches a subscription's filter policy, or the subscription has none."""
    policy = subscription.get("FilterPolicy")
    if policy is None:
        return True
    known = filtered_message.known_matches.get((policy, subscription.get("FilterPolicyScope", ""), text))
    return _matches_policy(policy, subscription, text, filtered_message) if known is None else known


def match_policies(
    subscriptions: Iterable[tuple[Mapping[str, str], str]], attributes: Mapping[str, Attribute]
) -> PolicyMatches:
    """Match a message against several filter policies before the turn, and return the results.

    Each of `subscriptions` is a subscription's attributes and the text that this subscription would get.
    """
    filtered_message, found = FilteredMessage(attributes, {}), dict[tuple[str, str, str], bool]()
    for subscription, text in subscriptions:
        policy = subscription.get("FilterPolicy")
        if policy is not None:
            key = (policy, subscription.get("FilterPolicyScope", ""), text)
            found[key] = _matches_policy(policy, subscription, text, filtered_message)
    return found


def _matches_policy(policy: str, subscription: Mapping[str, str], text: str, filtered_message: FilteredMessage) -> bool:
    pattern = _compiled(policy)
    if pattern is None:
        return True
    if subscription.get("FilterPolicyScope") != "MessageBody":
        return _matches(pattern, filtered_message.attributes_object(), subscription)
    document = filtered_message.parsed_body(text)
    return document is not None and _matches(pattern, document, subscription)


def _object(text: str) -> Json:
    document = loads_or(text, None)
    return document if isinstance(document, dict) else None


def _matches(pattern: Pattern, document: Json, subscription: Mapping[str, str]) -> bool:
    """Return whether the message matches; a policy too complex for this message does not, which the log reports."""
    try:
        return bool(document) and pattern.matches(document)
    except PatternTooComplex as error:
        log.warning("%s does not receive a message: %s", subscription.get("SubscriptionArn", "a subscription"), error)
        return False


@lru_cache(MAX_CACHED_POLICIES)
def _compiled(text: str) -> Pattern | None:
    """Compile a policy; return None for an empty policy, which matches every message."""
    policy = parse_policy("FilterPolicy", text)
    return compile_event_pattern(_round_numbers(policy), _round_number) if policy else None


def _round_number(value: Json) -> Json:
    """Return a number with at most five digits after the decimal point, and any other value as it is."""
    if not isinstance(value, float) or abs(value) >= MAX_ROUNDED:
        return value
    return float(Decimal(repr(value)).quantize(ACCURACY, ROUND_FLOOR))


def _round_numbers(policy: Json) -> Json:
    return _round_number(policy) if isinstance(policy, float) else convert_members(policy, _round_numbers)


def _is_nested(policy: Json) -> bool:
    """Return whether any key has keys below it; the ways of a `$or` are on the level of its key."""
    return any(
        isinstance(value, dict) or (name == "$or" and any(map(_is_nested, value))) for name, value in policy.items()
    )


def _count_keys(policy: Json) -> int:
    """Return the number of keys that have values."""
    return len(set(_keys(policy, ())))


def _keys(policy: Json, outer: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, value in policy.items():
        if name == "$or":
            for way in value:
                yield from _keys(way, outer)
        elif isinstance(value, dict):
            yield from _keys(value, (*outer, name))
        else:
            yield (*outer, name)


def _count_combinations(policy: Json, level: int = 1) -> int:
    """Return the number of combinations of values.

    A key counts as its number of values, multiplied by its level. A `$or` counts as the sum of its ways.
    """
    found = 1
    for name, value in policy.items():
        if name == "$or":
            found *= sum(_count_combinations(way, level) for way in value)
        else:
            found *= _count_combinations(value, level + 1) if isinstance(value, dict) else len(value) * level
    return found


def _build_attributes_object(attributes: Mapping[str, Attribute]) -> Json:
    """Return a message's attributes as an object for the pattern."""
    found: dict[str, Json] = {}
    for name, attribute in attributes.items():
        kind = attribute.type.partition(".")[0]
        if attribute.type == "String.Array":
            found[name] = loads(attribute.value)
        elif kind == "Number":
            found[name] = loads_or(attribute.value, float(attribute.value))
        elif kind == "String":
            found[name] = attribute.value
    return found
