"""Random parameters of any operation, drawn from its shape in botocore's model: valid, or nearly so."""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from lamplighter.base.aws.service_model import ListShape, MapShape, Shape, StructureShape
from lamplighter.base.json_text import Json

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NUMBERS = st.sampled_from((1, 1, 1, 2, 5, 10, 100, 0, -1, 1001, 2**31 - 1, 2**31, 2**63, -(2**63)))


TextsByName = Mapping[str, Sequence[str]]
"""Texts by the name of a member; under "", texts for all other members."""


def values_of_shape(shape: Shape | None, words: TextsByName, name: str = "", depth: int = 4) -> st.SearchStrategy[Json]:
    """Return a strategy for a value of a shape, sometimes for another value; most texts are from `words`."""
    if shape is None or depth == 0:
        return documents
    valid = _valid_value(shape, words, name, depth)
    return st.integers(0, 60).flatmap(lambda dice: documents if dice == 0 else valid)


def _valid_value(shape: Shape, words: TextsByName, name: str, depth: int) -> st.SearchStrategy[Json]:
    if isinstance(shape, StructureShape):
        return _structure(shape, words, depth)
    if isinstance(shape, ListShape):
        return st.lists(values_of_shape(shape.member, words, name, depth - 1), max_size=2)
    texts = list(words.get(name, words[""]))
    if isinstance(shape, MapShape):
        return st.dictionaries(st.sampled_from(texts), values_of_shape(shape.value, words, name, depth - 1), max_size=2)
    if shape.type_name == "string":
        known = list(shape.metadata.get("enum", [])) or texts
        return st.integers(0, 9).flatmap(lambda dice: st.text(max_size=8) if dice == 0 else st.sampled_from(known))
    return st.booleans() if shape.type_name == "boolean" else NUMBERS


@st.composite
def _structure(draw: st.DrawFn, shape: StructureShape, words: TextsByName, depth: int) -> Json:
    """Return a structure with most of its required members and few of the others."""
    value: dict[str, Json] = {}
    for name, member in shape.members.items():
        if draw(st.integers(0, 49)) > (1 if name in shape.required_members else 40):
            value[name] = draw(values_of_shape(member, words, name, depth - 1))
    return value
