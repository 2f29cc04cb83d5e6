"""An engine harness that creates, updates and deletes stacks and reads their state."""

from pathlib import Path

from lamplighter.base.json_text import Json, dumps
from tests.engine_harness import EngineHarness

TEMPLATES = Path(__file__).with_name("templates")


def template(name: str) -> str:
    """Return the text of a template from the folder `templates`."""
    return TEMPLATES.joinpath(name).read_text()


def body(**resources: Json) -> str:
    """Return a template with these resources."""
    return dumps({"Resources": resources})


def queue(**properties: Json) -> Json:
    """Return a queue resource."""
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def topic(**properties: Json) -> Json:
    """Return a topic resource."""
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


class CloudFormationHarness(EngineHarness):
    """A harness that calls CloudFormation."""

    def cloudformation(self, operation: str, **params: Json) -> Json:
        """Call an operation of CloudFormation."""
        return self.call("cloudformation", operation, **params)

    def create(self, text: str, name: str = "stack", **params: Json) -> str:
        """Create a stack, let the operation end, and return the stack's id."""
        given = _parameters(params.pop("values", {}))
        answer = self.cloudformation("CreateStack", StackName=name, TemplateBody=text, **given, **params)
        self.settle()
        key: str = answer["StackId"]
        return key

    def update(self, text: str | None, name: str = "stack", **params: Json) -> None:
        """Update a stack and let the operation end."""
        given = _parameters(params.pop("values", {}))
        given |= {"UsePreviousTemplate": True} if text is None else {"TemplateBody": text}
        self.cloudformation("UpdateStack", StackName=name, **given, **params)
        self.settle()

    def delete(self, name: str = "stack", **params: Json) -> None:
        """Delete a stack and let the operation end."""
        self.cloudformation("DeleteStack", StackName=name, **params)
        self.settle()

    def stack(self, name: str = "stack") -> Json:
        """Return the description of a stack."""
        return self.cloudformation("DescribeStacks", StackName=name)["Stacks"][0]

    def state(self, name: str = "stack") -> str:
        """Return the status of a stack."""
        found: str = self.stack(name)["StackStatus"]
        return found

    def outputs(self, name: str = "stack") -> dict[str, str]:
        """Return the outputs of a stack."""
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack(name)["Outputs"]}

    def events(self, name: str = "stack") -> list[tuple[str, str]]:
        """Return the events of a stack, oldest first, as pairs of logical id and status."""
        events = self.cloudformation("DescribeStackEvents", StackName=name)["StackEvents"]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]

    def reasons(self, name: str = "stack") -> list[str]:
        """Return the reasons of a stack's events, oldest first; omit events without a reason."""
        events = self.cloudformation("DescribeStackEvents", StackName=name)["StackEvents"]
        return [event["ResourceStatusReason"] for event in reversed(events) if "ResourceStatusReason" in event]

    def physical(self, logical: str, name: str = "stack") -> str:
        """Return the physical id of a resource."""
        found = self.cloudformation("DescribeStackResource", StackName=name, LogicalResourceId=logical)[
            "StackResourceDetail"
        ]
        key: str = found["PhysicalResourceId"]
        return key

    def queues(self) -> list[str]:
        """Return the names of all queues."""
        return [url.rpartition("/")[2] for url in self.call("sqs", "ListQueues").get("QueueUrls", [])]

    def finish_containers(self, code: int) -> None:
        """End all running containers with this exit code."""
        for name in self.runtime.remaining():
            self.runtime.finish(name, code)
        self.settle()


def _parameters(values: dict[str, str]) -> Json:
    return {"Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]}
