"""Refuse a deployment whose names another project has, before anything is changed; CloudFormation would roll it back.

A caller who may not list stacks deploys without this check.
"""

from collections.abc import Iterator

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.deploy.stack import stacks
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.jobs.stack.name_clashes import explain_clash, find_clashes, may_clash


class NameTaken(LamplighterError):
    """Another project has a resource of this name."""


def check_names(client: Json, project: str, document: Json, deployed: Json) -> None:
    """Raise `NameTaken` if another project has the name of a new resource; `client` is one of CloudFormation."""
    if not document["Resources"].keys() - deployed.get("Resources", {}).keys():
        return
    for stack in _other_projects(client, project):
        clashes = find_clashes(document, deployed, stacks.read_template(client, stack))
        for title, name in clashes.items():
            raise NameTaken(f"{title}: {explain_clash(name, stack.name)}; nothing was changed")


def _other_projects(client: Json, project: str) -> Iterator[Stack]:
    try:
        pages = list(client.get_paginator("describe_stacks").paginate())
    except ClientError as error:
        if error.response["Error"]["Code"].startswith("AccessDenied"):
            return
        raise
    found = (stacks.to_stack(each) for page in pages for each in page["Stacks"] if stacks.is_from_job_file(each))
    empty = (stacks.IN_REVIEW, stacks.ROLLED_BACK)
    yield from (each for each in found if may_clash(project, each.name) and each.status not in empty)
