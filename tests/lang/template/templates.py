"""Draw random CloudFormation templates: scopes, and values with functions together with their results."""

from collections.abc import Callable

from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import TemplateScope
from lamplighter.lang.template.text import TemplateError

NAMES = ("Alpha", "Beta", "Gamma")
words = st.text("abcxyz019-_. ", max_size=6)
plain: st.SearchStrategy[Json] = st.recursive(
    words | st.integers(-9, 9) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=6,
)
"""Values without functions."""
SCOPE = TemplateScope(
    values={"Alpha": "a", "Beta": "b", "Gamma": "c", "AWS::Region": "us-east-1"},
    mappings={"Map": {name: {"x": index} for index, name in enumerate(NAMES)}},
    conditions={"Yes": True, "Not": False},
    resource=lambda name: f"ref-{name}",
    attribute=lambda name, wanted: f"{name}-{wanted}",
    import_value=lambda name: f"import-{name}",
    dynamic=lambda service, reference: f"<{service}:{reference}>",
)


def rejection_message(action: Callable[[], object]) -> str | None:
    """Return the message of the TemplateError that the action raises, or None; other exceptions are raised."""
    try:
        action()
    except TemplateError as error:
        return error.message
    return None


@st.composite
def texts(draw: st.DrawFn, depth: int = 3) -> tuple[Json, str]:
    """A value that resolves to text, and the text."""
    kind = draw(st.sampled_from(("plain", "ref", "join", "sub", "if", "select", "attribute"))) if depth else "plain"
    match kind:
        case "ref":
            name = draw(st.sampled_from(NAMES))
            return {"Ref": name}, SCOPE.values[name]
        case "join":
            parts = draw(st.lists(texts(depth - 1), max_size=3))
            between = draw(words)
            return {"Fn::Join": [between, [value for value, _ in parts]]}, between.join(text for _, text in parts)
        case "sub":
            value, text = draw(texts(depth - 1))
            head = draw(words)
            return {"Fn::Sub": [f"{head}${{V}}${{!V}}${{Alpha}}", {"V": value}]}, f"{head}{text}${{V}}a"
        case "if":
            (left, first), (right, second) = draw(texts(depth - 1)), draw(texts(depth - 1))
            name = draw(st.sampled_from(("Yes", "Not")))
            return {"Fn::If": [name, left, right]}, first if name == "Yes" else second
        case "select":
            parts = draw(st.lists(texts(depth - 1), min_size=1, max_size=3))
            at = draw(st.integers(0, len(parts) - 1))
            index = draw(st.sampled_from((at, str(at))))
            return {"Fn::Select": [index, [value for value, _ in parts]]}, parts[at][1]
        case "attribute":
            name = draw(st.sampled_from(("One", "Two")))
            form = draw(st.sampled_from(([name, "Arn"], f"{name}.Arn")))
            return {"Fn::GetAtt": form}, f"{name}-Arn"
        case _:
            text = draw(words)
            return text, text
