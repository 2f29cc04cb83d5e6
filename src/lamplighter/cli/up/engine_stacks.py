"""Bring the stacks of the engine in this process to their templates, through its own CloudFormation.

Guarantees that the remains of an earlier attempt do not block a stack. An operation under way is waited for. A stack
that holds nothing is deleted and created again. A stack whose rollback failed is rolled back first. Failures are
reported for each resource, with whether they are temporary (by CloudFormation's HandlerErrorCode: see
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html).
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-stack-status-codes.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from lamplighter.base.errors import AwsError, LamplighterError
from lamplighter.base.json_text import Json, dumps
from lamplighter.base.threads import run_in_thread
from lamplighter.bus import Caller
from lamplighter.cli.up.merge_templates import without_incomplete_units
from lamplighter.cli.up.stack_plan import StackOrigin
from lamplighter.engine.engine import Engine
from lamplighter.jobs.stack.name_clashes import may_clash
from lamplighter.jobs.stack.template import DESCRIPTION_SUFFIX
from lamplighter.lang.template.text import parse_text
from lamplighter.services.cloudformation.tables import stack_events, stacks

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
ABSENT_STATUSES = ("", "DELETE_COMPLETE")
EMPTY_STATUSES = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")
"""Statuses of stacks that hold no resource which can be changed: such stacks are deleted and created again."""
POLL_SECONDS = 0.02
"""Seconds between two polls of a stack with an operation in progress."""
_BEGUN = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})
_HANDLER_MESSAGE = re.compile(
    r'Resource handler returned message: "(.*)" \(RequestToken: [^,]*, HandlerErrorCode: (\w+)\)', re.DOTALL
)
ROLLBACK_NOTE = " Rollback requested by user."
"""How CloudFormation ends the reason of a rollback."""
TEMPORARY_CODES = frozenset({"ResourceConflict", "Throttling", "ServiceInternalError"})
"""HandlerErrorCodes of temporary failures."""
NEWEST, PAGE_SIZE, STACK_TYPE = 2**62, 100, "AWS::CloudFormation::Stack"
UNKNOWN_ENVIRONMENT = "?"
"""Stands for the environment of a stack that an earlier version made, which did not record it."""


@dataclass(frozen=True, slots=True)
class ResourceFailure:
    """A resource that could not be created, changed or deleted."""

    logical: str
    reason: str
    is_temporary: bool
    """Whether the failure is temporary, so that it ends without help."""

    def __str__(self) -> str:
        return f"{self.logical}: {self.reason}"


class StackFailed(LamplighterError):
    """A stack could not be brought to a template.

    Its earlier resources still exist, unless the caller asked for no rollback.
    """

    def __init__(self, reason: str, failures: tuple[ResourceFailure, ...] = ()) -> None:
        super().__init__(reason)
        self.failures = failures


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """A resource that was created, changed or deleted."""

    logical: str
    type: str
    physical: str
    status: str
    """CREATE_COMPLETE, UPDATE_COMPLETE or DELETE_COMPLETE."""


@dataclass(frozen=True, slots=True)
class StackResource:
    """A resource of a stack in its present state."""

    logical: str
    type: str
    physical: str
    simulated: bool
    exists: bool = True


class EngineStacks:
    """The stacks of one engine, as one caller sees them."""

    def __init__(self, engine: Engine, caller: Caller) -> None:
        self._engine = engine
        self._caller = caller

    async def call(self, operation: str, **params: Json) -> Json:
        """Call CloudFormation; let other tasks run first, even if the answer is available immediately."""
        await asyncio.sleep(0)
        return await self._engine.call(self._caller, "cloudformation", operation, params)

    async def apply(
        self, name: str, template: str, parameters: Mapping[str, str], *, from_job_file: bool, rollback: bool = True
    ) -> list[ResourceChange]:
        """Bring a stack to a template, and return the changes; raise `StackFailed` if it fails.

        `from_job_file`: reject an existing stack of this name that was not made from a job file. `rollback`: undo all
        changes after a failure; otherwise the stack stays as it is then, and another template can be applied.
        """
        token = self._engine.world.uuid()
        given = {
            "StackName": name,
            "TemplateBody": template,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Capabilities": CAPABILITIES,
            "ClientRequestToken": token,
            "DisableRollback": not rollback,
        }
        try:
            status = await self.wait_until_ready(name) if rollback else await self._wait_until_idle(name)
            if from_job_file and status not in ABSENT_STATUSES and not await self.is_from_job_file(name):
                raise StackFailed(f"the stack {name} exists and was not created from a job file: rename your project")
            await self.call("CreateStack" if status in ABSENT_STATUSES else "UpdateStack", **given)
        except AwsError as error:
            if "No updates are to be performed" in error.message:
                return []
            raise StackFailed(error.message) from error
        status = await self._wait_until_idle(name)
        events = await self._request_events(name, token)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            failures = tuple(_failures(events))
            raise StackFailed("; ".join(map(str, failures)) or _rollback_reason(events, name, status), failures)
        return _changes(events, name)

    async def delete(self, name: str) -> None:
        """Delete a stack, and leave behind resources that cannot be deleted; raise `StackFailed`."""
        try:
            await self.call("DeleteStack", StackName=name)
            status = await self._wait_until_idle(name)
            if status == "DELETE_FAILED":
                held = await self._resources_with_status(name, "DELETE_FAILED")
                await self.call("DeleteStack", StackName=name, RetainResources=held)
                status = await self._wait_until_idle(name)
        except AwsError as error:
            raise StackFailed(error.message) from error
        if status not in ABSENT_STATUSES:
            raise StackFailed(f"the stack {name} cannot be deleted: it is {status}")

    async def parameters(self, name: str) -> dict[str, str]:
        """Return the values of a stack's parameters; {} if the stack does not exist."""
        found = await self._find(name)
        return {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])}

    async def template(self, name: str) -> Json:
        """Return a stack's template without the units that were not fully created; {} if the stack does not exist."""
        text = await self.template_text(name)
        return await run_in_thread(partial(parse_text, text))

    async def template_text(self, name: str) -> str:
        """Return the same template as text; a text takes less memory than a document during a long operation."""
        found = self.status(name)
        if found in (*ABSENT_STATUSES, *EMPTY_STATUSES):
            return "{}"
        text: str = (await self.call("GetTemplate", StackName=name, TemplateStage="Original"))["TemplateBody"]
        if found in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return text
        exists = [each.logical for each in await self.resources(name) if each.exists]
        return await run_in_thread(lambda: dumps(without_incomplete_units(parse_text(text), exists)))

    async def other_projects(self, name: str) -> list[str]:
        """Return the stacks of other job files that could have names which the job file of this stack has."""
        found: list[str] = []
        token: Json = {}
        while True:
            answer = await self.call("DescribeStacks", **token)
            found += [each["StackName"] for each in answer["Stacks"] if may_clash(name, each["StackName"])]
            if "NextToken" not in answer:
                return [each for each in found if await self.is_from_job_file(each)]
            token = {"NextToken": answer["NextToken"]}

    def status(self, name: str) -> str:
        """Return the status of a stack, or "" if it does not exist."""
        found = stacks.status(self._engine.store.reader, self._caller.account, self._caller.region, name)
        return "" if found is None else found[1]

    async def missing_resources(self, name: str) -> list[StackResource]:
        """Find the resources that were deleted by other means, and record that; the next `apply` recreates them."""
        if self.status(name) in ABSENT_STATUSES:
            return []
        found: list[StackResource] = []
        after: Json = {}
        while True:
            answer = await self.call("FindMissingResources", StackName=name, **after)
            found += [
                StackResource(each["Logical"], each["Type"], each["Physical"], simulated=True)
                for each in answer["Missing"]
            ]
            if "After" not in answer:
                return found
            after = {"After": answer["After"]}

    async def resources(self, name: str) -> list[StackResource]:
        """Return all resources of a stack; none if the stack does not exist."""
        found: list[StackResource] = []
        token: Json = {}
        while True:
            try:
                answer = await self.call("ListStackResources", StackName=name, **token)
            except AwsError:
                return found
            found += [_to_resource(each) for each in answer["StackResourceSummaries"]]
            if "NextToken" not in answer:
                return found
            token = {"NextToken": answer["NextToken"]}

    def origins(self) -> dict[str, StackOrigin]:
        """Return the marks of all stacks whose templates have one, by the stack's name."""
        found = stacks.metadata(self._engine.store.reader, self._caller.account, self._caller.region)
        origins = {name: read_origin(metadata) for name, metadata in found.items()}
        return {name: mark for name, mark in origins.items() if mark is not None}

    def names(self) -> list[str]:
        """Return the names of all stacks."""
        return list(stacks.metadata(self._engine.store.reader, self._caller.account, self._caller.region))

    async def _find(self, name: str) -> Json:
        try:
            found: Json = (await self.call("DescribeStacks", StackName=name))["Stacks"][0]
        except AwsError:
            return {}
        return found

    async def is_from_job_file(self, name: str) -> bool:
        """Return whether a stack was made from a job file."""
        return str((await self._find(name)).get("Description", "")).endswith(DESCRIPTION_SUFFIX)

    async def _wait_until_idle(self, name: str) -> str:
        """Wait until no operation on a stack is in progress, and return its status."""
        while True:
            found = self.status(name)
            if not found.endswith("_IN_PROGRESS") or found == "REVIEW_IN_PROGRESS":
                return found
            await asyncio.sleep(POLL_SECONDS)

    async def wait_until_ready(self, name: str) -> str:
        """Wait until a stack can be created or changed, and return its status; roll a half-finished update back."""
        status = await self._wait_until_idle(name)
        if status in EMPTY_STATUSES:
            await self.delete(name)
            return ""
        if status == "UPDATE_FAILED":
            await self.call("RollbackStack", StackName=name)
            status = await self._wait_until_idle(name)
        while status == "UPDATE_ROLLBACK_FAILED":
            stuck = await self._resources_with_status(name, "UPDATE_FAILED")
            await self.call("ContinueUpdateRollback", StackName=name, ResourcesToSkip=stuck)
            status = await self._wait_until_idle(name)
        return status

    async def _resources_with_status(self, name: str, status: str) -> list[str]:
        found = (await self.call("DescribeStackResources", StackName=name))["StackResources"]
        return [each["LogicalResourceId"] for each in found if each["ResourceStatus"] == status]

    async def _request_events(self, name: str, token: str) -> list[Json]:
        """Return the events of one request that tell a result, the first event first."""
        reader, found = self._engine.store.reader, list[Json]()
        stack_row = stacks.status(reader, self._caller.account, self._caller.region, name)
        before = NEWEST
        while stack_row is not None:
            await asyncio.sleep(0)
            page = stack_events.page(reader, stack_row[0], before, PAGE_SIZE)
            matching = [event for _, event in page if event.get("ClientRequestToken") == token]
            found += [_without_properties(each) for each in matching if each["ResourceStatus"] not in _BEGUN]
            if len(matching) < PAGE_SIZE:
                break
            before = page[-1][0]
        return found[::-1]


def read_origin(metadata: Json) -> StackOrigin | None:
    """Return the mark in a template's metadata, or None if it was not made from a file."""
    own = metadata.get("Lamplighter") if isinstance(metadata, dict) else None
    if not isinstance(own, dict) or not own.get("File"):
        return None
    return StackOrigin(str(own["File"]), str(own.get("Environment", UNKNOWN_ENVIRONMENT)))


def _without_properties(event: Json) -> Json:
    return {name: value for name, value in event.items() if name != "ResourceProperties"}


def _to_resource(summary: Json) -> StackResource:
    simulated = "not simulated" not in summary.get("ResourceStatusReason", "")
    physical, status = summary.get("PhysicalResourceId", ""), summary["ResourceStatus"]
    exists = bool(physical) and not status.startswith(("DELETE", "CREATE_FAILED"))
    return StackResource(summary["LogicalResourceId"], summary["ResourceType"], physical, simulated, exists)


def _failures(events: list[Json]) -> Iterator[ResourceFailure]:
    """Yield the resources that failed themselves; leave out those that were cancelled because others failed."""
    for each in events:
        reason = each.get("ResourceStatusReason", "no reason is known")
        is_stack_itself = each["ResourceType"] == STACK_TYPE and each["PhysicalResourceId"] == each["StackId"]
        if each["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason and not is_stack_itself:
            found = _HANDLER_MESSAGE.search(reason)
            is_temporary = found is not None and found[2] in TEMPORARY_CODES
            yield ResourceFailure(each["LogicalResourceId"], found[1] if found else reason, is_temporary)


def _rollback_reason(events: list[Json], stack: str, status: str) -> str:
    """Return why a stack was rolled back though no resource of it failed: its template cannot be transformed."""
    for each in events:
        if "ROLLBACK_IN_PROGRESS" in each["ResourceStatus"] and "ResourceStatusReason" in each:
            return str(each["ResourceStatusReason"]).removesuffix(ROLLBACK_NOTE)
    return f"the stack {stack} ended {status}"


def _changes(events: list[Json], stack: str) -> list[ResourceChange]:
    return [
        ResourceChange(
            each["LogicalResourceId"], each["ResourceType"], each["PhysicalResourceId"], each["ResourceStatus"]
        )
        for each in events
        if each["ResourceStatus"].endswith("_COMPLETE") and each["LogicalResourceId"] != stack
    ]
