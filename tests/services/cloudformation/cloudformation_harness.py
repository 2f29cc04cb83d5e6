"""A harness with stacks: bring one up, change it, see what became of it."""

from pathlib import Path

from lamplighter.base.json_text import Json, dumps
from tests.engine_harness import EngineHarness

TEMPLATES = Path(__file__).with_name("templates")


def template(name: str) -> str:
    """The text of a template that lies beside the tests."""
    return TEMPLATES.joinpath(name).read_text()


def body(**resources: Json) -> str:
    """A template of resources."""
    return dumps({"Resources": resources})


def queue(**properties: Json) -> Json:
    """A queue."""
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def topic(**properties: Json) -> Json:
    """A topic."""
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


class CloudFormationHarness(EngineHarness):
    """A harness whose engine makes stacks."""

    def cloudformation(self, operation: str, **params: Json) -> Json:
        """Call CloudFormation."""
        return self.call("cloudformation", operation, **params)

    def create(self, text: str, name: str = "stack", **params: Json) -> str:
        """Begin to make a stack and let it come to rest; its id."""
        given = _parameters(params.pop("values", {}))
        answer = self.cloudformation("CreateStack", StackName=name, TemplateBody=text, **given, **params)
        self.settle()
        key: str = answer["StackId"]
        return key

    def update(self, text: str | None, name: str = "stack", **params: Json) -> None:
        """Begin to change a stack and let it come to rest."""
        given = _parameters(params.pop("values", {}))
        given |= {"UsePreviousTemplate": True} if text is None else {"TemplateBody": text}
        self.cloudformation("UpdateStack", StackName=name, **given, **params)
        self.settle()

    def delete(self, name: str = "stack", **params: Json) -> None:
        """Begin to delete a stack and let it come to rest."""
        self.cloudformation("DeleteStack", StackName=name, **params)
        self.settle()

    def stack(self, name: str = "stack") -> Json:
        """A stack as it is described."""
        return self.cloudformation("DescribeStacks", StackName=name)["Stacks"][0]

    def state(self, name: str = "stack") -> str:
        """The status of a stack."""
        found: str = self.stack(name)["StackStatus"]
        return found

    def outputs(self, name: str = "stack") -> dict[str, str]:
        """The outputs of a stack."""
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack(name)["Outputs"]}

    def events(self, name: str = "stack") -> list[tuple[str, str]]:
        """What happened to a stack, in order: logical id and status."""
        told = self.cloudformation("DescribeStackEvents", StackName=name)["StackEvents"]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(told)]

    def reasons(self, name: str = "stack") -> list[str]:
        """Why it happened, in order, where there is a reason."""
        told = self.cloudformation("DescribeStackEvents", StackName=name)["StackEvents"]
        return [event["ResourceStatusReason"] for event in reversed(told) if "ResourceStatusReason" in event]

    def physical(self, logical: str, name: str = "stack") -> str:
        """The physical id of a resource."""
        found = self.cloudformation("DescribeStackResource", StackName=name, LogicalResourceId=logical)[
            "StackResourceDetail"
        ]
        key: str = found["PhysicalResourceId"]
        return key

    def queues(self) -> list[str]:
        """The names of all queues."""
        return [url.rpartition("/")[2] for url in self.call("sqs", "ListQueues").get("QueueUrls", [])]

    def finish_containers(self, code: int) -> None:
        """Let every container that runs exit."""
        for name in self.runtime.left():
            self.runtime.finish(name, code)
        self.settle()


def _parameters(values: dict[str, str]) -> Json:
    return {"Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]}
