"""Define the formats of texts in a job file: names, ARNs, addresses, images.

Guarantees an error that names the problem and shows a valid example.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema

from lamplighter.jobs.file.parsing.invalid_value import InvalidValue
from lamplighter.jobs.file.values import format_value, parse_environment_text

NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
MAX_NAME_LENGTH = 40
_CLUSTER_NAME = "[A-Za-z][A-Za-z0-9_-]{0,254}"


def _text_format(
    pattern: str, what: str, advice: str, *, may_be_secret: bool = False
) -> tuple[AfterValidator, WithJsonSchema]:
    """Return a validator and a schema for a pattern; the error says what the text is not (`what`) and what to write.

    The error does not quote a text that may be a secret: it is logged.
    """
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise InvalidValue(f"{'this' if may_be_secret else format_value(text)} is not {what}", f"write {advice}")
        return text

    return AfterValidator(check), WithJsonSchema({"type": "string", "pattern": f"^({pattern})$"})


def _arn(service: str, what: str, example: str) -> tuple[AfterValidator, WithJsonSchema]:
    pattern = rf"arn:[a-z-]+:{service}:[a-z0-9-]*:[0-9]{{12}}:\S+"
    return _text_format(pattern, what, f"one such as arn:aws:{example}")


def _reject_fifo(what: str) -> AfterValidator:
    """Return a validator that rejects FIFO queues and topics: standard topics, rules and alarms cannot send to them."""

    def check(text: str) -> str:
        if text.endswith(".fifo"):
            raise InvalidValue(
                f"{format_value(text)} is a FIFO {what}, and AWS sends no alerts to one", f"name a standard {what}"
            )
        return text

    return AfterValidator(check)


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=MAX_NAME_LENGTH)]
"""The name of a project, job, channel or environment; it becomes part of names on AWS."""
QueueArn = Annotated[
    str, *_arn("sqs", "the ARN of a queue", "sqs:us-east-1:123456789012:alerts"), _reject_fifo("queue")
]
TopicArn = Annotated[
    str, *_arn("sns", "the ARN of a topic", "sns:us-east-1:123456789012:alerts"), _reject_fifo("topic")
]
RoleArn = Annotated[str, *_arn("iam", "the ARN of a role", "iam::123456789012:role/mine")]
BoundaryPolicy = Annotated[
    str,
    *_text_format(
        r"arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+|[A-Za-z0-9_+=,.@/-]{1,512}",
        "a managed policy",
        "its name, or an ARN such as arn:aws:iam::123456789012:policy/developers",
    ),
]
RolePath = Annotated[
    str,
    *_text_format(
        r"/([A-Za-z0-9_+=,.@-]+/){0,64}", "a path of a role", "one that begins and ends with /, such as /jobs/"
    ),
]
KeyArn = Annotated[
    str,
    *_text_format(
        r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+",
        "the ARN of a key of KMS",
        "one such as arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab; roles and logs take "
        "no alias",
    ),
]
AccountId = Annotated[str, *_text_format("[0-9]{12}", "an account of AWS", "its 12 digits, such as 123456789012")]
Region = Annotated[str, *_text_format("[a-z]{2,}(-[a-z]+)+-[0-9]+", "a region of AWS", "one such as eu-west-1")]
BucketName = Annotated[
    str,
    *_text_format(
        "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket of S3", "its name: 3 to 63 small letters, digits, - and ."
    ),
]
Cluster = Annotated[
    str,
    *_text_format(
        rf"{_CLUSTER_NAME}|arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]{{12}}:cluster/{_CLUSTER_NAME}",
        "a cluster",
        "a name, or an ARN such as arn:aws:ecs:us-east-1:123456789012:cluster/mine",
    ),
]
Action = Annotated[
    str, *_text_format(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+", "an IAM action", "one such as s3:GetObject, or *")
]
Resource = Annotated[
    str,
    *_text_format(
        r"\*|arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:.+",
        "the ARN of a resource",
        "one such as arn:aws:s3:::reports/*, or *",
    ),
]
Email = Annotated[str, *_text_format(r"[^@\s]+@[^@\s]+", "an email address", "one such as ops@example.com")]
Url = Annotated[
    str, *_text_format(r"https?://\S+", "a URL", "one such as https://example.com/alerts", may_be_secret=True)
]
PublicUrl = Annotated[
    str,
    *_text_format(r"https?://[^\s/?#]+(/[^\s?#]*)?", "the URL of an engine", "one such as https://jobs.example.com"),
]
Image = Annotated[
    str, *_text_format(r"\S+", "an image", "one such as busybox:1.36, or a folder with a Dockerfile: ./report")
]
Directory = Annotated[str, *_text_format(r"/.*", "an absolute path", "one that begins with /, such as /work")]
HostFolder = Annotated[
    str,
    *_text_format(
        r"/[^\x00-\x1f]*|\.{1,2}(/[^\x00-\x1f]*)?",
        "a folder of this machine",
        "an absolute path, or one that begins with ./ or ../",
    ),
]
FileName = Annotated[str, *_text_format(r"[^\x00-\x1f]+", "a file", "its name, such as report.env")]
VolumeName = Annotated[
    str, *_text_format(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", "a name of a volume", "one such as cache, or ./folder")
]
FileSystemId = Annotated[
    str, *_text_format(r"fs-[0-9a-f]{8,40}", "a file system of EFS", "its id, such as fs-0123456789abcdef0")
]
AccessPointId = Annotated[
    str, *_text_format(r"fsap-[0-9a-f]{8,40}", "an access point of EFS", "its id, such as fsap-0123456789abcdef0")
]
DockerNetwork = Annotated[
    str, *_text_format(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "a network of Docker", "its name, or host, or none")
]
HostName = Annotated[
    str, *_text_format(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", "a host name", "one such as db.local")
]
VariableName = Annotated[
    str, *_text_format(r"[^=\s\x00]+", "a name of an environment variable", "one such as LOG_LEVEL")
]
TagKey = Annotated[
    str, *_text_format(r"(?!aws:)[\w .:/=+@-]{1,128}", "a key of a tag", "letters, digits, spaces and _.:/=+-@")
]
TagValue = Annotated[
    str,
    *_text_format(r"[\w .:/=+@-]{0,256}", "a value of a tag", "letters, digits, spaces and _.:/=+-@"),
    BeforeValidator(parse_environment_text),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
