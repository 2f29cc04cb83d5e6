"""Store, delete and restore the exports of a stack.

Guarantees that an export keeps its value while another stack imports it. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.lang.template.text import TemplateError
from lamplighter.services.cloudformation.deploy.stack_turn import StackTurn
from lamplighter.services.cloudformation.tables import exports
from lamplighter.services.cloudformation.tables.exports import Export


def update_exports(turn: StackTurn, outputs: list[Json]) -> None:
    """Store the exports among a stack's outputs, and delete its other exports. Raises `TemplateError`."""
    tx, stack = turn.tx, turn.stack
    wanted = {output["ExportName"]: output["OutputValue"] for output in outputs if "ExportName" in output}
    had = {export.name: export.value for export in exports.exports_of(tx, stack.id)}
    for name, value in wanted.items():
        other = exports.get(tx, *stack.owner, name)
        if other is not None and other.stack != stack.id:
            holder = other.stack.split("/")[1]
            raise TemplateError(f"Export with name {name} is already exported by stack {holder}.")
        if had.get(name) != value:
            users = importing_stacks(turn, name) if name in had else ""
            if users:
                raise TemplateError(f"Cannot update export {name} as it is in use by {users}")
            exports.put(tx, stack.owner, Export(name, stack.id, value))
    for name in had:
        if name not in wanted:
            users = importing_stacks(turn, name)
            if users:
                raise TemplateError(deletion_error(name, users))
            exports.delete(tx, *stack.owner, name)


def importing_stacks(turn: StackTurn, name: str) -> str:
    """Return the names of stacks that import an export, as an error lists them; empty if there is none."""
    return " and ".join(user.split("/")[1] for user in exports.importers(turn.tx, turn.stack.owner, name, "", 10))


def deletion_error(name: str, users: str) -> str:
    """Return the reason why an export cannot be deleted."""
    return f"Export {name} cannot be deleted as it is in use by {users}"


def restore_exports(turn: StackTurn) -> None:
    """Restore the exports from before the update, if the update had already finished for this stack."""
    tx, stack = turn.tx, turn.stack
    if "outputs_before" not in stack.body:
        return
    for export in exports.exports_of(tx, stack.id):
        exports.delete(tx, *stack.owner, export.name)
    for output in stack.body["outputs_before"]:
        if "ExportName" in output:
            exports.put(tx, stack.owner, Export(output["ExportName"], stack.id, output["OutputValue"]))
