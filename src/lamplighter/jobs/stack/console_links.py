"""Build the links and commands that alerts show: where to see a run, and how to run its job again.

Guarantees that an alert links to the console of the engine or account that runs the job. The parameter `ConsoleUrl`
decides: empty, its default, means the AWS console. `lamplighter up` passes the engine's own URL, whose console shows a
run at `URL/runs/ARN`.
"""

from collections.abc import Iterator

from troposphere import Condition, Equals, If, Join, Not, Output, Parameter, Ref, Sub

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.machine.platform import Platform

ON_AWS, HERE = "OnAws", "OnEngine"
AWS_CONSOLE = "https://${AWS::Region}.${Domain}/states/home?region=${AWS::Region}#/v2/executions/details/"
ON_AWS_OPTIONS = " --aws --region ${AWS::Region}"
CONSOLE_DOMAINS = {
    "InChina": ("aws-cn", "console.amazonaws.cn"),
    "InGovCloud": ("aws-us-gov", "console.amazonaws-us-gov.com"),
}
"""The partitions whose console is not at console.aws.amazon.com, by the names of their conditions."""


def parameters() -> Iterator[Parameter]:
    """Yield the parameter with the console's URL."""
    yield Parameter(
        names.CONSOLE_URL,
        Type="String",
        Default="",
        AllowedPattern=r"^(https?://\S*[^\s/])?$",
        ConstraintDescription="a URL without a slash at its end, or nothing",
        Description="The URL of the engine whose console shows the runs; none: the AWS console",
    )


def conditions() -> dict[str, Json]:
    """Return the conditions: whether the stack is on AWS, and in which partition."""
    partitions = {name: Equals(Ref("AWS::Partition"), partition) for name, (partition, _) in CONSOLE_DOMAINS.items()}
    return {ON_AWS: Equals(Ref(names.CONSOLE_URL), ""), **partitions}


def engine_condition() -> dict[str, Json]:
    """Return the condition for resources that exist on this engine only."""
    return {HERE: Not(Condition(ON_AWS))}


def _domain() -> Json:
    found: Json = "console.aws.amazon.com"
    for name, (_, domain) in CONSOLE_DOMAINS.items():
        found = If(name, domain, found)
    return found


def placeholder_values(platform: Platform = "anywhere") -> dict[str, Json]:
    """Return the values of two placeholders: the URL before a run's ARN, and the options after the command."""
    on_aws = {names.CONSOLE: Sub(AWS_CONSOLE, {"Domain": _domain()}), names.OPTIONS: Sub(ON_AWS_OPTIONS)}
    on_engine = {names.CONSOLE: Join("", [Ref(names.CONSOLE_URL), "/runs/"]), names.OPTIONS: ""}
    if platform == "anywhere":
        return {name: If(ON_AWS, on_aws[name], on_engine[name]) for name in on_aws}
    return on_aws if platform == "aws" else on_engine


def output() -> Output:
    """Return the output with the beginning of every link to a run."""
    return Output(names.CONSOLE, Description="A run is at this and its ARN", Value=placeholder_values()[names.CONSOLE])
