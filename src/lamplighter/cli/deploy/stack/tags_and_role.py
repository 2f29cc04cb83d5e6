"""Say with which tags and role CloudFormation is asked to create, change and delete a stack.

A stack keeps both until another request names others: `tags: {}` in the job file removes all tags. Its tags go to its
nested stacks, too. An engine is asked for neither. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.target import Target
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.stack.resources import tag_list


def stack_options(aws: AwsSettings, target: Target) -> dict[str, Json]:
    """Return the parameters of requests that create or change a stack."""
    with_tags = "tags" in aws.model_fields_set and not is_lamplighter(target.endpoint)
    return {**({"Tags": tag_list(aws.tags)} if with_tags else {}), **role_option(aws, target)}


def role_option(aws: AwsSettings, target: Target) -> dict[str, Json]:
    """Return the parameter with the role of CloudFormation, for requests that delete a stack, too."""
    role = None if is_lamplighter(target.endpoint) else aws.cloudformation_role
    return {} if role is None else {"RoleARN": role}
