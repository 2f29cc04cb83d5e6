"""Parse and build Amazon Resource Names.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html. The functions do not check whether the
resource exists.
"""

from dataclasses import dataclass

from lamplighter.base.errors import Bug

PARTITION = "aws"


@dataclass(frozen=True, slots=True)
class Arn:
    """An ARN: arn:partition:service:region:account:resource."""

    service: str
    region: str
    account: str
    resource: str
    partition: str = PARTITION

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse(text: str) -> Arn | None:
    """Parse an ARN; return None if the text is not an ARN."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
        return None
    return Arn(partition=parts[1], service=parts[2], region=parts[3], account=parts[4], resource=parts[5])


def parse_known(text: str) -> Arn:
    """Parse the ARN of a resource that exists. Raises `Bug` if the text is not an ARN."""
    found = parse(text)
    if found is None:
        raise Bug(f"{text} is not an ARN")
    return found


def build(service: str, region: str, account: str, resource: str) -> str:
    """Build the text of an ARN in the partition `aws`."""
    return f"arn:{PARTITION}:{service}:{region}:{account}:{resource}"


def sibling(text: str, resource: str) -> str:
    """Return the ARN of another resource of the service, region and account in an ARN."""
    found = parse_known(text)
    return build(found.service, found.region, found.account, resource)
