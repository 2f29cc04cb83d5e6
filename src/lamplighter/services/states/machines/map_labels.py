r"""Check the labels of Map states; the names of child executions contain them.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#map-state-distributed-additional-fields:
"Labels can't exceed 40 characters in length", and must not contain white space, wildcards `? *`, brackets `< > { } [
]`, special characters `: ; , \ | ^ ~ $ # % & \` "` or control characters.
"""

import re
from collections.abc import Iterable, Iterator

from lamplighter.asl.definition.diagnostics import Diagnostic
from lamplighter.asl.definition.state_tree import StatePlace
from lamplighter.base.errors import AwsError

INVALID_LABEL = "INVALID_LABEL_NAME"
DUPLICATE_LABEL = "DUPLICATE_LABEL_NAME"
MAX_LABEL_LENGTH = 40
FORBIDDEN_CHARACTERS = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]")


class InvalidLabel(AwsError):
    """The error for an invalid label, with the wording of the recordings of CreateStateMachine.

    Its form differs from that of all other invalid definitions; ValidateStateMachineDefinition uses the common form.
    """

    code = "InvalidDefinition"

    def __init__(self, why: str, definition: str) -> None:
        super().__init__(f"Error=ValueError Args={[why]} in definition '{definition}'.")


def check_labels(found: Iterable[StatePlace]) -> Iterator[Diagnostic]:
    """Yield an error for each invalid or duplicate label of a definition."""
    seen: set[str] = set()
    for place in found:
        label = place.state.get("Label")
        if label is None:
            continue
        error = _label_error(label)
        if error:
            yield Diagnostic(INVALID_LABEL, error, f"{place.location}/Label")
        elif label in seen:
            yield Diagnostic(DUPLICATE_LABEL, f"Duplicate Label name: {label}", f"{place.location}/Label")
        seen.add(label)


def _label_error(label: str) -> str | None:
    if not label:
        return "Label cannot be empty"
    if len(label) > MAX_LABEL_LENGTH:
        return f"Label cannot exceed {MAX_LABEL_LENGTH} characters"
    bad = FORBIDDEN_CHARACTERS.search(label)
    return f"Label contains invalid character: '{bad[0].encode('unicode_escape').decode()}'" if bad else None
