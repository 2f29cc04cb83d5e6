"""Keep the roles that a deployment would delete while runs may still need them.

A run keeps the role that its state machine had when it began, and a task the roles of its own revision: without them,
its next attempt, its log and its alerts would be refused. So such roles stay in the template while any run of the
project is under way, and a later deployment deletes them. See
https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json
from lamplighter.lang.template.references import find_references

ROLE, STATE_MACHINE = "AWS::IAM::Role", "AWS::StepFunctions::StateMachine"


def keep_leaving_roles(document: Json, deployed: Json, sfn: Json) -> Json:
    """Return a template with the deployed roles that it no longer has and that runs may need; `sfn` is a client."""
    leaving = dict(_leaving_roles(document, deployed))
    if not leaving or not _has_active_run(deployed, sfn):
        return document
    return {**document, "Resources": {**document["Resources"], **leaving}}


def _leaving_roles(document: Json, deployed: Json) -> Iterator[tuple[str, Json]]:
    """Yield the roles that only the deployed template has, apart from those of removed jobs."""
    known = {*document["Resources"], *document.get("Parameters", {})}
    for title, each in deployed.get("Resources", {}).items():
        if each["Type"] == ROLE and title not in known and _refers_only_to(each, known):
            yield title, {name: value for name, value in each.items() if name != "Condition"}


def _refers_only_to(resource: Json, known: set[str]) -> bool:
    return all(each in known or each.startswith("AWS::") for each in find_references(resource["Properties"]))


def _has_active_run(deployed: Json, sfn: Json) -> bool:
    names = {
        each["Properties"]["StateMachineName"]
        for each in deployed["Resources"].values()
        if each["Type"] == STATE_MACHINE and each["Properties"].get("StateMachineType") != "EXPRESS"
    }
    pages = sfn.get_paginator("list_state_machines").paginate()
    machines = [each["stateMachineArn"] for page in pages for each in page["stateMachines"] if each["name"] in names]
    return any(sfn.list_executions(stateMachineArn=each, statusFilter="RUNNING")["executions"] for each in machines)
