"""Handle rules, which send events to targets: those that match a pattern, or one at each time of a schedule.

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.lang.schedule.expression import InvalidSchedule, parse_schedule
from lamplighter.services.events import paging
from lamplighter.services.events.arns import DEFAULT_BUS, TAG_RULES, rule_arn, split_rule_arn
from lamplighter.services.events.buses.buses import find_bus
from lamplighter.services.events.errors import LimitExceeded
from lamplighter.services.events.rules.compiled_rules import CompiledRules
from lamplighter.services.events.rules.event_patterns import read_pattern
from lamplighter.services.events.rules.lookup import find_rule
from lamplighter.services.events.rules.scheduled_rules import ScheduledRules
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables import targets
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import events as aws

MAX_RULES, MAX_PATTERN_LENGTH = 300, 2_048
FEWER_RULES = {"af-south-1": 100, "eu-south-1": 100}
"""The default quota of a bus in regions where it is another one than `MAX_RULES`. See
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html."""
REQUEST_FIELDS = ("EventPattern", "ScheduleExpression", "Description", "RoleArn")


class Rules:
    """The operations on rules."""

    def __init__(self, scheduled_rules: ScheduledRules, compiled_rules: CompiledRules, *, aws_limits: bool) -> None:
        self._aws_limits = aws_limits
        self._scheduled_rules = scheduled_rules
        self._compiled_rules = compiled_rules

    def put(self, tx: Tx, caller: Caller, params: Json) -> "aws.PutRuleOutput":
        """Handle PutRule: "the rule is replaced with what you specify"; its targets and tags stay."""
        bus = find_bus(tx, caller, params.get("EventBusName")).name
        # An empty text stands for none: AWS was seen to accept a pattern together with an empty ScheduleExpression.
        params = {name: value for name, value in params.items() if value != ""}
        _check(params, bus)
        now, name, key = tx.now, params["Name"], rule_arn(caller, bus, params["Name"])
        body = {field: params[field] for field in REQUEST_FIELDS if params.get(field)}
        body |= {"State": params.get("State", "ENABLED"), "CreatedBy": caller.account}
        old = rows.get_if_readable(tx, "rule", caller.account, caller.region, bus, name)
        if self._aws_limits:
            _check_quotas(tx, caller, bus, params, is_new=old is None)
        if old is None:
            tags = TAG_RULES.read(params.get("Tags"))
            rule = Resource("rule", caller.account, caller.region, bus, name, key, now, now, body, tags)
        else:
            rule = replace(old, modified=now, body=body)
        self._save(tx, rule, old)
        return {"RuleArn": key}

    def delete(self, tx: Tx, caller: Caller, params: "aws.DeleteRuleInput") -> None:
        """Handle DeleteRule; a rule that does not exist is ignored."""
        bus = find_bus(tx, caller, params.get("EventBusName")).name
        key = rule_arn(caller, bus, params["Name"])
        if targets.count(tx, key):
            raise ValidationError("Rule can't be deleted since it has targets.")
        rows.delete(tx, key)
        self._scheduled_rules.stop(tx, key)
        self._compiled_rules.record_change(tx, key)

    def annotate(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Handle SetAnnotation {Name, EventBusName, Annotation}: annotate a rule with the job and pattern of its alert.

        The alerts of an annotated rule are composed. AWS has no such operation: only the bus has it. PutRule removes
        the annotation.
        """
        rule = find_rule(tx, caller, params["Name"], params.get("EventBusName"))
        self._save(tx, replace(rule, body=rule.body | {"Annotation": params["Annotation"]}), rule)

    def enable(self, tx: Tx, caller: Caller, params: "aws.EnableRuleInput") -> None:
        """Handle EnableRule."""
        self._set_state(tx, caller, params, "ENABLED")

    def disable(self, tx: Tx, caller: Caller, params: "aws.DisableRuleInput") -> None:
        """Handle DisableRule."""
        self._set_state(tx, caller, params, "DISABLED")

    def _set_state(self, tx: Tx, caller: Caller, params: Json, state: str) -> None:
        old = find_rule(tx, caller, params["Name"], params.get("EventBusName"))
        self._save(tx, replace(old, modified=tx.now, body=old.body | {"State": state}), old)

    def _save(self, tx: Tx, rule: Resource, old: Resource | None) -> None:
        rows.put(tx, self._scheduled_rules.set_schedule(tx, rule, old))
        self._compiled_rules.record_change(tx, rule.arn)

    def describe(self, reader: Reader, caller: Caller, params: "aws.DescribeRuleInput") -> Json:
        """Handle DescribeRule."""
        rule = find_rule(reader, caller, params["Name"], params.get("EventBusName"))
        return _item(rule) | {"CreatedBy": rule.body["CreatedBy"]}

    def list(self, reader: Reader, caller: Caller, params: "aws.ListRulesInput") -> Json:
        """Handle ListRules."""
        bus = find_bus(reader, caller, params.get("EventBusName")).name
        found, more = paging.resource_page(reader, caller, "rule", params, _item, scope=bus)
        return {"Rules": found} | more

    def list_names_by_target(self, reader: Reader, caller: Caller, params: "aws.ListRuleNamesByTargetInput") -> Json:
        """Handle ListRuleNamesByTarget."""
        bus = find_bus(reader, caller, params.get("EventBusName")).name
        within = rule_arn(caller, bus, "")

        def read(after: str, most: int) -> list[str]:
            return targets.rules_with_target(reader, params["TargetArn"], within, after, most)

        # The ARNs of all rules begin like those of the default bus.
        found, more = paging.cut_page(params, read, lambda rule: rule, lambda rule: split_rule_arn(rule)[0] == bus)
        return {"RuleNames": [split_rule_arn(each)[1] for each in found]} | more


def _check(params: Json, bus: str) -> None:
    if not params.get("EventPattern") and not params.get("ScheduleExpression"):
        raise ValidationError("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if params.get("EventPattern"):
        read_pattern(params["EventPattern"])
    if params.get("ScheduleExpression"):
        try:
            kind = parse_schedule(params["ScheduleExpression"]).kind
        except InvalidSchedule:
            kind = "at"
        if kind == "at":
            raise ValidationError("Parameter ScheduleExpression is not valid.")
        if bus != DEFAULT_BUS:
            raise ValidationError("ScheduleExpression is supported only on the default event bus.")


def _check_quotas(tx: Tx, caller: Caller, bus: str, params: Json, *, is_new: bool) -> None:
    """Raise `LimitExceeded` for what exceeds the default quotas of an AWS account."""
    most = FEWER_RULES.get(caller.region, MAX_RULES)
    is_full = is_new and rows.count(tx, "rule", caller.account, caller.region, bus) >= most
    if is_full or len(params.get("EventPattern", "")) > MAX_PATTERN_LENGTH:
        raise LimitExceeded


def _item(rule: Resource) -> Json:
    shown = {field: rule.body[field] for field in (*REQUEST_FIELDS, "State") if field in rule.body}
    return {"Name": rule.name, "Arn": rule.arn, "EventBusName": rule.scope} | shown
