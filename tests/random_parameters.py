"""Parameters of any operation, drawn at random from its shape in botocore's model: right, or nearly so."""

from collections.abc import Mapping, Sequence

from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import strategies as st

from lamplighter.base.json_text import Json

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NUMBERS = st.sampled_from((1, 1, 1, 2, 5, 10, 100, 0, -1, 1001, 2**31 - 1, 2**31, 2**63, -(2**63)))


Words = Mapping[str, Sequence[str]]
"""By the name of a member, texts for it; under "", texts for all others."""


def shaped(shape: Shape | None, words: Words, name: str = "", depth: int = 4) -> st.SearchStrategy[Json]:
    """A value of a shape, or now and then another; texts are mostly of the given words."""
    if shape is None or depth == 0:
        return documents
    right = _right(shape, words, name, depth)
    return st.integers(0, 60).flatmap(lambda dice: documents if dice == 0 else right)


def _right(shape: Shape, words: Words, name: str, depth: int) -> st.SearchStrategy[Json]:
    if isinstance(shape, StructureShape):
        return _structure(shape, words, depth)
    if isinstance(shape, ListShape):
        return st.lists(shaped(shape.member, words, name, depth - 1), max_size=2)
    texts = list(words.get(name, words[""]))
    if isinstance(shape, MapShape):
        return st.dictionaries(st.sampled_from(texts), shaped(shape.value, words, name, depth - 1), max_size=2)
    if shape.type_name == "string":
        own = list(getattr(shape, "enum", [])) or texts
        return st.integers(0, 9).flatmap(lambda dice: st.text(max_size=8) if dice == 0 else st.sampled_from(own))
    return st.booleans() if shape.type_name == "boolean" else NUMBERS


@st.composite
def _structure(draw: st.DrawFn, shape: StructureShape, words: Words, depth: int) -> Json:
    """Most of what is required, and little of what is not."""
    value: dict[str, Json] = {}
    for name, member in shape.members.items():
        if draw(st.integers(0, 49)) > (1 if name in shape.required_members else 40):
            value[name] = draw(shaped(member, words, name, depth - 1))
    return value
