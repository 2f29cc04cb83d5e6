"""Check the parameter names in a definition against the operation's model: unknown fields and missing required fields.

See https://docs.aws.amazon.com/step-functions/latest/dg/connect-parameters.html. Does not check values, which are only
known when the state runs.
"""

from collections.abc import Iterator

from lamplighter.asl.definition.diagnostics import SCHEMA, Diagnostic
from lamplighter.asl.definition.state_tree import StatePlace
from lamplighter.base.aws.service_model import OperationModel, StructureShape
from lamplighter.services.states.integrations.integrations import CallBinding
from lamplighter.services.states.integrations.parameter_conversion import member_of, pascal_case


def check_parameters(place: StatePlace, binding: CallBinding, operation: OperationModel) -> Iterator[Diagnostic]:
    """Yield an error for each wrong or missing parameter name of a call."""
    shape = operation.input_shape
    field = "Arguments" if place.jsonata else "Parameters"
    given = place.state.get(field)
    needed = (
        [] if shape is None else [each for each in shape.required_members if each not in operation.idempotent_members]
    )
    if field not in place.state and binding.optimised and needed:
        message = f"{field} field is required for resource ARN: {place.state['Resource']}"
        yield Diagnostic(SCHEMA, message, f"{place.location}/Resource")
    if isinstance(given, dict) and isinstance(shape, StructureShape):
        names = [name if place.jsonata else name.removesuffix(".$") for name in given]
        members = {name: member_of(shape, name) for name in names}
        added = {member_of(shape, name) for name in (binding.sync.added_parameters if binding.sync else ())}
        unknown = [f'The field "{name}" is not supported by Step Functions' for name in names if members[name] is None]
        missing = [
            f"The field '{pascal_case(each)}' is required but was missing"
            for each in needed
            if each not in {*members.values(), *added}
        ]
        yield from (Diagnostic(SCHEMA, message, f"{place.location}/{field}") for message in (*unknown, *missing))
