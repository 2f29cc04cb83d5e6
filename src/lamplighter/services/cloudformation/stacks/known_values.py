"""Resolve what is known of a template's values before the stack is changed.

A value that is known only after the update is left out, or is `{{changeSet:KNOWN_AFTER_APPLY}}`.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import NO_VALUE, TemplateScope, resolve
from lamplighter.lang.template.template import Resource
from lamplighter.lang.template.text import TemplateError
from lamplighter.services.cloudformation.deploy.stack_turn import StackTurn
from lamplighter.services.cloudformation.deploy.template_scope import StackScope
from lamplighter.services.cloudformation.stacks.shown_properties import KNOWN_AFTER_APPLY
from lamplighter.services.cloudformation.tables import stack_resources
from lamplighter.services.cloudformation.templates.stack_plan import StackPlan


def known_scope(turn: StackTurn, plan: StackPlan) -> TemplateScope:
    """Return the scope of a plan with the resources that the stack has now."""
    find = partial(stack_resources.get, turn.tx, turn.stack.id)
    return StackScope(turn.tx, turn.stack, find, turn.inputs).scope(plan.body, plan.parsed.sections)


def known_properties(resource: Resource, scope: TemplateScope) -> Iterator[tuple[str, Json]]:
    """Yield the properties whose values are known before the update."""
    for name, expression in resource.properties.items():
        try:
            value = resolve(expression, scope)
        except TemplateError:
            continue
        if value is not NO_VALUE:
            yield name, value


def with_unknown_values(scope: TemplateScope) -> TemplateScope:
    """Return a scope that replaces values that are known only after the update."""

    def known(name: str) -> Json:
        try:
            return scope.resource(name)
        except TemplateError:
            return KNOWN_AFTER_APPLY

    def known_attribute(name: str, wanted: str) -> Json:
        try:
            return scope.attribute(name, wanted)
        except TemplateError:
            return KNOWN_AFTER_APPLY

    return replace(scope, resource=known, attribute=known_attribute)
