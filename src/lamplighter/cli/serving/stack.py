"""Stacks of the engine that runs here, brought to what a template says, through its own CloudFormation.

Promises that a stack which an earlier try left behind is no obstacle: one under way is waited for, one that holds
nothing is deleted and made anew, one that got stuck on its way back is brought back first.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-stack-status-codes.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.base.errors import AwsError, LamplighterError
from lamplighter.base.jsontext import Json, loads
from lamplighter.bus import Caller
from lamplighter.cli.stack.stacks import OURS
from lamplighter.engine.engine import Engine

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
GONE = ("", "DELETE_COMPLETE")
EMPTY = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")
"""Stacks that hold nothing, or nothing that could be changed: they are deleted and made anew."""
PAUSE = 0.02
"""Seconds between two looks at a stack that is under way."""
_WRAPPED = re.compile(r'Resource handler returned message: "(.*)" \(RequestToken: [^)]*\)', re.DOTALL)


class StackFailed(LamplighterError):
    """A stack is not what it should be; what was there before is there still."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one resource."""

    logical: str
    type: str
    physical: str
    status: str
    """CREATE_COMPLETE, UPDATE_COMPLETE or DELETE_COMPLETE."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as it is."""

    logical: str
    type: str
    physical: str
    simulated: bool


class Stacks:
    """The stacks of one engine, for one caller."""

    def __init__(self, engine: Engine, caller: Caller) -> None:
        self._engine = engine
        self._caller = caller

    async def call(self, operation: str, **params: Json) -> Json:
        """Call CloudFormation."""
        return await self._engine.call(self._caller, "cloudformation", operation, params)

    async def bring(self, name: str, template: str, parameters: Mapping[str, str], *, ours: bool) -> list[Step]:
        """Make a stack what a template says; what changed, nothing if it was so. Raises StackFailed.

        `ours`: a stack of this name that was not made of a job file is somebody else's.
        """
        token = self._engine.world.uuid()
        given = {
            "StackName": name,
            "TemplateBody": template,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Capabilities": CAPABILITIES,
            "ClientRequestToken": token,
        }
        try:
            status = await self._ready(name)
            if ours and status not in GONE and not await self._is_ours(name):
                raise StackFailed(f"there is a stack {name} that was not made of a job file: rename your project")
            await self.call("CreateStack" if status in GONE else "UpdateStack", **given)
        except AwsError as error:
            if "No updates are to be performed" in error.message:
                return []
            raise StackFailed(error.message) from error
        status = await self._rest(name)
        told = await self._told(name, token)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise StackFailed(_why(told) or f"the stack {name} ended {status}")
        return _steps(told, name)

    async def remove(self, name: str) -> None:
        """Delete a stack; raises StackFailed."""
        try:
            await self.call("DeleteStack", StackName=name)
            status = await self._rest(name)
            if status == "DELETE_FAILED":
                held = await self._resources(name, "DELETE_FAILED")
                await self.call("DeleteStack", StackName=name, RetainResources=held)
                status = await self._rest(name)
        except AwsError as error:
            raise StackFailed(error.message) from error
        if status not in GONE:
            raise StackFailed(f"the stack {name} cannot be deleted: it is {status}")

    async def parameters(self, name: str) -> dict[str, str]:
        """The parameters with which a stack is; none of one that is not there."""
        found = await self._find(name)
        return {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])}

    async def resources(self, name: str) -> list[Resource]:
        """All that a stack is made of; nothing of one that is not there."""
        found: list[Resource] = []
        token: Json = {}
        while True:
            try:
                answer = await self.call("ListStackResources", StackName=name, **token)
            except AwsError:
                return found
            found += [_resource(each) for each in answer["StackResourceSummaries"]]
            if "NextToken" not in answer:
                return found
            token = {"NextToken": answer["NextToken"]}

    async def marks(self) -> dict[str, str]:
        """The stacks whose templates say that they were made of a file, and which."""
        found = {}
        for name in await self.names():
            summary = await self.call("GetTemplateSummary", StackName=name)
            found[name] = own_mark(summary.get("Metadata", "{}"))
        return {name: mark for name, mark in found.items() if mark}

    async def names(self) -> list[str]:
        """The stacks that are there."""
        answer = await self.call("DescribeStacks")
        found = answer["Stacks"]
        while "NextToken" in answer:
            answer = await self.call("DescribeStacks", NextToken=answer["NextToken"])
            found += answer["Stacks"]
        return [each["StackName"] for each in found if "ParentId" not in each]

    async def _find(self, name: str) -> Json:
        try:
            found: Json = (await self.call("DescribeStacks", StackName=name))["Stacks"][0]
        except AwsError:
            return {}
        return found

    async def _is_ours(self, name: str) -> bool:
        return str((await self._find(name)).get("Description", "")).endswith(OURS)

    async def _rest(self, name: str) -> str:
        """The status of a stack, once nothing is under way."""
        while True:
            found: str = (await self._find(name)).get("StackStatus", "")
            if not found.endswith("_IN_PROGRESS") or found == "REVIEW_IN_PROGRESS":
                return found
            await asyncio.sleep(PAUSE)

    async def _ready(self, name: str) -> str:
        """The status of a stack, once it can be made or changed."""
        status = await self._rest(name)
        if status in EMPTY:
            await self.remove(name)
            return ""
        if status == "UPDATE_ROLLBACK_FAILED":
            stuck = await self._resources(name, "UPDATE_FAILED")
            await self.call("ContinueUpdateRollback", StackName=name, ResourcesToSkip=stuck)
            return await self._rest(name)
        return status

    async def _resources(self, name: str, status: str) -> list[str]:
        found = (await self.call("DescribeStackResources", StackName=name))["StackResources"]
        return [each["LogicalResourceId"] for each in found if each["ResourceStatus"] == status]

    async def _told(self, name: str, token: str) -> list[Json]:
        """The events of one request, the first of them first."""
        found: list[Json] = []
        answer = await self.call("DescribeStackEvents", StackName=name)
        while True:
            mine = [each for each in answer["StackEvents"] if each.get("ClientRequestToken") == token]
            found += mine
            if "NextToken" not in answer or len(mine) < len(answer["StackEvents"]):
                return found[::-1]
            answer = await self.call("DescribeStackEvents", StackName=name, NextToken=answer["NextToken"])


def own_mark(metadata: str) -> str:
    """The file that a template was made of, by its metadata; "" where it was not."""
    found = loads(metadata)
    own = found.get("Lamplighter") if isinstance(found, dict) else None
    return str(own.get("File", "")) if isinstance(own, dict) else ""


def _resource(summary: Json) -> Resource:
    simulated = "not simulated" not in summary.get("ResourceStatusReason", "")
    return Resource(
        summary["LogicalResourceId"], summary["ResourceType"], summary.get("PhysicalResourceId", ""), simulated
    )


def _why(told: list[Json]) -> str:
    """Why resources failed; what failed because of them does not matter."""
    reasons = [
        f"{each['LogicalResourceId']}: {_plain(each.get('ResourceStatusReason', 'no reason is known'))}"
        for each in told
        if each["ResourceStatus"].endswith("_FAILED") and "cancelled" not in each.get("ResourceStatusReason", "")
    ]
    return "; ".join(dict.fromkeys(reasons))


def _plain(reason: str) -> str:
    found = _WRAPPED.search(reason)
    return found[1] if found else reason


def _steps(told: list[Json], stack: str) -> list[Step]:
    return [
        Step(each["LogicalResourceId"], each["ResourceType"], each["PhysicalResourceId"], each["ResourceStatus"])
        for each in told
        if each["ResourceStatus"].endswith("_COMPLETE") and each["LogicalResourceId"] != stack
    ]
