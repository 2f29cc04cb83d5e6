"""Resolve a template's references as if it were deployed, to check it without deploying it.

Guarantees plausible ARNs for the resources of generated templates, and CloudFormation's results for their functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from lamplighter.base.errors import Bug, require
from lamplighter.base.json_text import Json
from lamplighter.lang.template.conditions import evaluate_conditions
from lamplighter.lang.template.functions import TemplateScope, resolve
from lamplighter.lang.template.parameters import read_parameters, ref_value

ACCOUNT, REGION = "123456789012", "us-east-1"
_ARN_FORMATS: Mapping[str, tuple[str, str, str]] = {
    "AWS::ECS::Cluster": ("ecs", "cluster/{}", "ClusterName"),
    "AWS::ECS::TaskDefinition": ("ecs", "task-definition/{}:1", "Family"),
    "AWS::StepFunctions::StateMachine": ("states", "stateMachine:{}", "StateMachineName"),
    "AWS::SNS::Topic": ("sns", "{}", "TopicName"),
    "AWS::SQS::Queue": ("sqs", "{}", "QueueName"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}:*", "LogGroupName"),
    "AWS::IAM::Role": ("iam", "role/{}", ""),
    "AWS::Events::Connection": ("events", "connection/{}/0a1b", ""),
    "AWS::Events::ApiDestination": ("events", "api-destination/{}/0a1b", ""),
    "AWS::Scheduler::ScheduleGroup": ("scheduler", "schedule-group/{}", "Name"),
}
"""For each type: the service, the resource part of the ARN, and the property with the name."""
_REF_RETURNS_ARN = ("AWS::ECS::TaskDefinition", "AWS::StepFunctions::StateMachine", "AWS::SNS::Topic")
"""Types whose Ref is their ARN; for other types Ref is the name."""


@dataclass(frozen=True)
class ResolvedStack:
    """A template and the parameters of its deployment."""

    template: Json
    parameters: Mapping[str, Json]
    partition: str = "aws"

    def properties(self, title: str) -> Json:
        """Return the resolved properties of a resource."""
        return self.resolve(self.template["Resources"][title].get("Properties", {}))

    def arn(self, title: str) -> str:
        """Return the ARN of a resource."""
        resource = self.template["Resources"][title]
        service, pattern, named = _ARN_FORMATS[resource["Type"]]
        name = self.resolve(resource["Properties"][named]) if named else f"stack-{title}"
        name = resource["Properties"].get("Path", "/").removeprefix("/") + name
        region = "" if service == "iam" else REGION
        return f"arn:{self.partition}:{service}:{region}:{ACCOUNT}:{pattern.format(name)}"

    def log_stream(self, group: str, name: str) -> str:
        """Return the ARN of a stream of a log group."""
        return f"arn:{self.partition}:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:{name}"

    def definition(self, title: str) -> str:
        """Return the definition of a state machine as Step Functions receives it."""
        properties = self.properties(title)
        text: str = properties["DefinitionString"]
        for name, value in properties.get("DefinitionSubstitutions", {}).items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def statements(self, role: str) -> list[Json]:
        """Return all statements of a role's policies."""
        policies = self.properties(role).get("Policies", [])
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    @property
    def conditions(self) -> Mapping[str, bool]:
        """Return the truth of the template's conditions."""
        return self._scope.conditions

    def resolve(self, value: Json) -> Json:
        """Return a value with its functions evaluated."""
        return resolve(value, self._scope)

    @cached_property
    def _scope(self) -> TemplateScope:
        pseudo = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": self.partition}
        scope = TemplateScope(pseudo | self._parameter_values(), resource=self._ref, attribute=self._attribute)
        return replace(scope, conditions=evaluate_conditions(self.template.get("Conditions", {}), scope))

    def _parameter_values(self) -> dict[str, Json]:
        """Return the values of the parameters, apart from those that have none."""
        definitions = read_parameters(self.template)
        given = {name: self.parameters.get(name, each.get("Default")) for name, each in definitions.items()}
        return {name: ref_value(definitions[name], str(text)) for name, text in given.items() if text is not None}

    def _ref(self, name: str) -> Json:
        resource = require(self.template["Resources"].get(name), lambda: Bug(f"the parameter {name} has no value"))
        if resource["Type"] in _REF_RETURNS_ARN:
            return self.arn(name)
        named = _ARN_FORMATS.get(resource["Type"], ("", "", ""))[2]
        return self.resolve(resource["Properties"][named]) if named else f"{name.lower()}-0123456789abcdef0"

    def _attribute(self, title: str, attribute: str) -> Json:
        if attribute == "Arn":
            return self.arn(title)
        if attribute.endswith("Name"):
            return self._ref(title)
        return f"{title.lower()}-{attribute.lower()}"
