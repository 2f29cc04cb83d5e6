"""What runs in a stack and its nested stacks is found before it is deleted."""

from typing import cast

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.deploy.stop_runs import STATE_MACHINE, find_run_sources
from lamplighter.cli.target import Target

NESTED = "AWS::CloudFormation::Stack"
RESOURCES = {
    "stack": [("root-machine", STATE_MACHINE, "CREATE_COMPLETE"), ("child", NESTED, "UPDATE_COMPLETE")],
    "child": [("nested-machine", STATE_MACHINE, "CREATE_COMPLETE"), ("gone", STATE_MACHINE, "DELETE_COMPLETE")],
}


class ListedStacks:
    """A target and a client whose stacks have the resources of RESOURCES."""

    def client(self, _service: str) -> "ListedStacks":
        return self

    def get_paginator(self, _operation: str) -> "ListedStacks":
        return self

    def paginate(self, **params: str) -> list[Json]:
        names = ("PhysicalResourceId", "ResourceType", "ResourceStatus")
        listed = [dict(zip(names, each, strict=True)) for each in RESOURCES[params["StackName"]]]
        return [{"StackResourceSummaries": listed}]


def test_the_machines_of_nested_stacks_are_found_and_deleted_ones_are_not() -> None:
    stack = Stack("p", "stack", "CREATE_COMPLETE", "", {}, protected=False)
    found = find_run_sources(cast("Target", ListedStacks()), stack)
    assert found.ids[STATE_MACHINE] == ("root-machine", "nested-machine")
