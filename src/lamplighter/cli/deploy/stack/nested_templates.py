"""Read the templates of a stack's nested stacks, and join them with that of the stack.

Only what passes a template to CloudFormation and what reads it knows of nested stacks (`jobs/stack/nested_stacks.py`).
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.cli.call_errors import ClientError
from lamplighter.jobs.stack.nested_stacks import STACK, join_templates


def read_whole_template(client: Json, stack_id: str, root: Json) -> Json:
    """Return the template of a stack joined with those of its nested stacks; `client` is one of CloudFormation."""
    return join_templates(root, dict(_read_nested(client, stack_id, root)))


def _read_nested(client: Json, stack_id: str, root: Json) -> Iterator[tuple[str, Json]]:
    for title in nested_ids(root):
        try:
            found = client.describe_stack_resource(StackName=stack_id, LogicalResourceId=title)["StackResourceDetail"]
            answer = client.get_template(StackName=found["PhysicalResourceId"], TemplateStage="Original")
        except (ClientError, KeyError):
            continue  # its creation was rolled back
        yield title, parse_body(answer)


def nested_ids(root: Json) -> list[str]:
    """Return the logical ids of the nested stacks of a template."""
    return [title for title, each in root.get("Resources", {}).items() if each["Type"] == STACK]


def parse_body(answer: Json) -> Json:
    """Return the template in an answer of GetTemplate, or {} if it is not JSON."""
    body = answer["TemplateBody"]
    return loads_or(body if isinstance(body, str) else dumps(dict(body)), {})
