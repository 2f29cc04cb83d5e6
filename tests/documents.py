"""A strategy for arbitrary JSON in which given names occur often, so that code that reads these names finds them."""

from hypothesis import strategies as st

from lamplighter.base.json_text import Json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(10**300, 10**301)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)


def documents(*names: str) -> st.SearchStrategy[Json]:
    """Return a strategy for JSON values whose objects have these names for keys more often than other names."""
    keys = st.sampled_from(names) | st.text(max_size=3)
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6), max_leaves=20
    )
