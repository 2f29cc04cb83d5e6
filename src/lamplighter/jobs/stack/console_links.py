"""Build the links and commands that alerts show: where to see a run, and how to run its job again.

Guarantees that an alert links to the console of the engine or account that runs the job. The parameter `ConsoleUrl`
decides: empty, its default, means the AWS console. `lamplighter up` passes the engine's own URL, whose console shows a
run at `URL/runs/ARN`.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.stack.intrinsic_functions import equals, if_condition, join, not_condition, ref, sub
from lamplighter.jobs.stack.resources import properties

ON_AWS, HERE = "OnAws", "OnEngine"
AWS_CONSOLE = "https://${AWS::Region}.${Domain}/states/home?region=${AWS::Region}#/v2/executions/details/"
ON_AWS_OPTIONS = " --aws --region ${AWS::Region}"
CONSOLE_DOMAINS = {
    "InChina": ("aws-cn", "console.amazonaws.cn"),
    "InGovCloud": ("aws-us-gov", "console.amazonaws-us-gov.com"),
}
"""The partitions whose console is not at console.aws.amazon.com, by the names of their conditions."""


def parameters() -> dict[str, Json]:
    """Return the parameter with the console's URL."""
    url = properties(
        Type="String",
        Default="",
        AllowedPattern=r"^(https?://\S*[^\s/])?$",
        ConstraintDescription="a URL without a slash at its end, or nothing",
        Description="The URL of the engine whose console shows the runs; none: the AWS console",
    )
    return {names.CONSOLE_URL: url}


def conditions() -> dict[str, Json]:
    """Return the conditions: whether the stack is on AWS, and in which partition."""
    partitions = {name: equals(ref("AWS::Partition"), partition) for name, (partition, _) in CONSOLE_DOMAINS.items()}
    return {ON_AWS: equals(ref(names.CONSOLE_URL), ""), **partitions}


def engine_condition() -> dict[str, Json]:
    """Return the condition for resources that exist on this engine only."""
    return {HERE: not_condition(ON_AWS)}


def _domain() -> Json:
    found: Json = "console.aws.amazon.com"
    for name, (_, domain) in CONSOLE_DOMAINS.items():
        found = if_condition(name, domain, found)
    return found


def placeholder_values(platform: Platform = "anywhere") -> dict[str, Json]:
    """Return the values of two placeholders: the URL before a run's ARN, and the options after the command."""
    on_aws = {names.CONSOLE: sub(AWS_CONSOLE, {"Domain": _domain()}), names.OPTIONS: sub(ON_AWS_OPTIONS)}
    on_engine = {names.CONSOLE: join("", [ref(names.CONSOLE_URL), "/runs/"]), names.OPTIONS: ""}
    if platform == "anywhere":
        return {name: if_condition(ON_AWS, on_aws[name], on_engine[name]) for name in on_aws}
    return on_aws if platform == "aws" else on_engine


def outputs() -> dict[str, Json]:
    """Return the output with the beginning of every link to a run."""
    link = placeholder_values()[names.CONSOLE]
    return {names.CONSOLE: properties(Description="A run is at this and its ARN", Value=link)}
