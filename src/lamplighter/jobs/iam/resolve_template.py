"""Resolve a template's references as if it were deployed, to check it without deploying it.

Guarantees plausible ARNs for the resources of generated templates, and CloudFormation's results for the intrinsic
functions that they use. Other functions are not supported.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json

ACCOUNT, REGION = "123456789012", "us-east-1"
_SUB = re.compile(r"\$\{([^}!]+)\}")
_ARN_FORMATS: Mapping[str, tuple[str, str, str]] = {
    "AWS::ECS::Cluster": ("ecs", "cluster/{}", "ClusterName"),
    "AWS::ECS::TaskDefinition": ("ecs", "task-definition/{}:1", "Family"),
    "AWS::StepFunctions::StateMachine": ("states", "stateMachine:{}", "StateMachineName"),
    "AWS::SNS::Topic": ("sns", "{}", "TopicName"),
    "AWS::SQS::Queue": ("sqs", "{}", "QueueName"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}:*", "LogGroupName"),
    "AWS::IAM::Role": ("iam", "role/{}", ""),
    "AWS::Scheduler::ScheduleGroup": ("scheduler", "schedule-group/{}", "Name"),
}
"""For each type: the service, the resource part of the ARN, and the property with the name."""
_REF_RETURNS_ARN = ("AWS::ECS::TaskDefinition", "AWS::StepFunctions::StateMachine", "AWS::SNS::Topic")
"""Types whose Ref is their ARN; for other types Ref is the name."""


@dataclass(frozen=True, slots=True)
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

    def resolve(self, value: Json) -> Json:
        """Return a value with its functions evaluated."""
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref" or name.startswith("Fn::"):
                return self._functions()[name](argument)
        return {key: self.resolve(each) for key, each in value.items()}

    def _functions(self) -> Mapping[str, Callable[[Json], Json]]:
        return {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._sub,
            "Fn::Join": lambda pair: pair[0].join(self.resolve(pair[1])),
            "Fn::If": lambda three: self.resolve(three[1] if self._is_true(three[0]) else three[2]),
            "Fn::Equals": lambda pair: self.resolve(pair[0]) == self.resolve(pair[1]),
            "Fn::Select": lambda pair: self.resolve(pair[1])[int(pair[0])],
            "Fn::GetAZs": lambda _region: [f"{REGION}a", f"{REGION}b"],
        }

    def _sub(self, given: Json) -> str:
        text, own = given if isinstance(given, list) else (given, {})
        known = {name: str(self.resolve(value)) for name, value in own.items()}
        return _SUB.sub(lambda found: known[found[1]] if found[1] in known else str(self._resolve_name(found[1])), text)

    def _is_true(self, condition: str) -> bool:
        return bool(self.resolve(self.template["Conditions"][condition]))

    def _resolve_name(self, name: str) -> Json:
        title, dot, attribute = name.partition(".")
        return self._attribute([title, attribute]) if dot else self._ref(name)

    def _ref(self, name: str) -> Json:
        pseudo = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": self.partition}
        if name in pseudo:
            return pseudo[name]
        if name in self.template.get("Parameters", {}):
            return self._parameter(name)
        resource = self.template["Resources"][name]
        if resource["Type"] in _REF_RETURNS_ARN:
            return self.arn(name)
        named = _ARN_FORMATS.get(resource["Type"], ("", "", ""))[2]
        return self.resolve(resource["Properties"][named]) if named else f"{name.lower()}-0123456789abcdef0"

    def _parameter(self, name: str) -> Json:
        declared = self.template["Parameters"][name]
        given = self.parameters.get(name, declared.get("Default"))
        if given is None:
            raise Bug(f"the parameter {name} has no value")
        return str(given).split(",") if declared["Type"].startswith(("List<", "CommaDelimitedList")) else given

    def _attribute(self, pair: Json) -> Json:
        title, attribute = pair if isinstance(pair, list) else pair.split(".", 1)
        if attribute == "Arn":
            return self.arn(title)
        if attribute.endswith("Name"):
            return self._ref(title)
        return f"{title.lower()}-{attribute.lower()}"
