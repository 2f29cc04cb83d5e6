"""Build the links and commands that alerts show: where to see a run, and how to run its job again.

Guarantees that an alert links to the console of the engine or account that runs the job. A template for this engine
has the parameter `ConsoleUrl` for the engine's own URL, whose console shows a run at `URL/runs/ARN`.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.stack.intrinsic_functions import equals, if_condition, join, ref, sub
from lamplighter.jobs.stack.resources import properties

AWS_CONSOLE = "https://${AWS::Region}.${Domain}/states/home?region=${AWS::Region}#/v2/executions/details/"
ON_AWS_OPTIONS = " --aws --region ${AWS::Region}"
CONSOLE_DOMAINS = {
    "InChina": ("aws-cn", "console.amazonaws.cn"),
    "InGovCloud": ("aws-us-gov", "console.amazonaws-us-gov.com"),
}
"""The partitions whose console is not at console.aws.amazon.com, by the names of their conditions."""


def parameters(platform: Platform) -> dict[str, Json]:
    """Return the parameter with the console's URL."""
    url = properties(
        Type="String",
        Default="http://127.0.0.1:4566",
        AllowedPattern=r"^https?://\S*[^\s/]$",
        ConstraintDescription="a URL without a slash at its end",
        Description="The URL of the engine whose console shows the runs",
    )
    return {names.CONSOLE_URL: url} if platform == "here" else {}


def conditions(platform: Platform) -> dict[str, Json]:
    """Return the conditions: in which partition of AWS the stack is."""
    if platform == "here":
        return {}
    return {name: equals(ref("AWS::Partition"), partition) for name, (partition, _) in CONSOLE_DOMAINS.items()}


def _domain() -> Json:
    found: Json = "console.aws.amazon.com"
    for name, (_, domain) in CONSOLE_DOMAINS.items():
        found = if_condition(name, domain, found)
    return found


def placeholder_values(platform: Platform) -> dict[str, Json]:
    """Return the values of two placeholders: the URL before a run's ARN, and the options after the command."""
    if platform == "here":
        return {names.CONSOLE: join("", [ref(names.CONSOLE_URL), "/runs/"]), names.OPTIONS: ""}
    return {names.CONSOLE: sub(AWS_CONSOLE, {"Domain": _domain()}), names.OPTIONS: sub(ON_AWS_OPTIONS)}


def outputs(platform: Platform) -> dict[str, Json]:
    """Return the output with the beginning of every link to a run."""
    link = placeholder_values(platform)[names.CONSOLE]
    return {names.CONSOLE: properties(Description="A run is at this and its ARN", Value=link)}
