"""Where a run can be looked at, and what has to be typed to run its job again: on AWS and on one box not the same.

Promises alerts whose link leads to whoever runs the job. The parameter `ConsoleUrl` says where: nothing, which is what
it says unless told otherwise, is the AWS console; `lamplighter up` gives the engine's own URL, whose console shows a
run at `URL/runs/ARN`.
"""

from collections.abc import Iterator
from typing import Literal

from troposphere import Equals, If, Join, Output, Parameter, Ref, Sub

from lamplighter.base.json_text import Json
from lamplighter.jobs import names

ON_AWS = "OnAws"
AWS_CONSOLE = "https://${AWS::Region}.${Domain}/states/home?region=${AWS::Region}#/v2/executions/details/"
ON_AWS_OPTIONS = " --aws --region ${AWS::Region}"
ELSEWHERE = {
    "InChina": ("aws-cn", "console.amazonaws.cn"),
    "InGovCloud": ("aws-us-gov", "console.amazonaws-us-gov.com"),
}
"""Partitions whose console is not at console.aws.amazon.com, by the conditions that say so."""


def parameters() -> Iterator[Parameter]:
    """Whose console it is."""
    yield Parameter(
        names.CONSOLE_URL,
        Type="String",
        Default="",
        AllowedPattern=r"^(https?://\S*[^\s/])?$",
        ConstraintDescription="a URL without a slash at its end, or nothing",
        Description="The URL of the engine whose console shows the runs; none: the AWS console",
    )


def conditions() -> dict[str, Json]:
    """Whether AWS runs it, and in which partition."""
    there = {name: Equals(Ref("AWS::Partition"), partition) for name, (partition, _) in ELSEWHERE.items()}
    return {ON_AWS: Equals(Ref(names.CONSOLE_URL), ""), **there}


def _domain() -> Json:
    """Where the console of the stack's partition is."""
    found: Json = "console.aws.amazon.com"
    for name, (_, domain) in ELSEWHERE.items():
        found = If(name, domain, found)
    return found


Where = Literal["anywhere", "aws", "here"]
"""Where a resource, or a branch of one, holds."""


def placeholder_values(where: Where = "anywhere") -> dict[str, Json]:
    """What comes before a run's ARN, and after the command."""
    on_aws = {names.CONSOLE: Sub(AWS_CONSOLE, {"Domain": _domain()}), names.OPTIONS: Sub(ON_AWS_OPTIONS)}
    here = {names.CONSOLE: Join("", [Ref(names.CONSOLE_URL), "/runs/"]), names.OPTIONS: ""}
    if where == "anywhere":
        return {name: If(ON_AWS, on_aws[name], here[name]) for name in on_aws}
    return on_aws if where == "aws" else here


def output() -> Output:
    """The beginning of every link to a run."""
    return Output(names.CONSOLE, Description="A run is at this and its ARN", Value=placeholder_values()[names.CONSOLE])
