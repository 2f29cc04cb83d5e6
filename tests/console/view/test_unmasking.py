"""A masked document is edited; each mask is replaced by its own secret, or the edit is rejected."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.masking import MASK, mask_secrets
from lamplighter.console.view.unmasking import UnresolvedMask, restore_secrets
from tests.documents import documents

A, B, C = ({"Name": f"{name}_TOKEN", "Value": name.lower()} for name in "ABC")


def mask_variable(name: str) -> Json:
    return {"Name": f"{name}_TOKEN", "Value": MASK}


@given(documents("password", "token", "Name", "name", "Value", "value"))
def test_an_unedited_document_is_restored_unchanged(document: Json) -> None:
    assert dumps(restore_secrets(mask_secrets(document), document)) == dumps(document)
    within = {"text": dumps(document)}
    assert restore_secrets(mask_secrets(within), within) == within


def test_an_edit_keeps_other_secrets() -> None:
    original = {"password": "x", "day": 1, "to": [{"token": "y"}]}
    edited = mask_secrets(original) | {"day": 2}
    assert restore_secrets(edited, original) == {"password": "x", "day": 2, "to": [{"token": "y"}]}


def test_an_edit_of_a_value_that_equals_the_old_one_in_python_is_kept() -> None:
    assert restore_secrets({"a": True, "password": MASK}, {"a": 1, "password": "x"})["a"] is True


@pytest.mark.parametrize(
    ("original", "edited", "restored"),
    [
        ([{"A_TOKEN": "a"}, {"B_TOKEN": "b"}], [{"B_TOKEN": MASK}], [{"B_TOKEN": "b"}]),
        ([A, B], [mask_variable("B")], [B]),
        ([A, B], [C, mask_variable("A"), mask_variable("B")], [C, A, B]),
        ([A, B], [mask_variable("B"), mask_variable("A")], [B, A]),
        ([A, B], [{**mask_variable("B"), "x": 1}], [{**B, "x": 1}]),
        (
            [{"user": "x", "password": "a"}, {"user": "y", "password": "b"}],
            [{"user": "y", "password": MASK}],
            [{"user": "y", "password": "b"}],
        ),
        (
            [{"user": "x", "password": "a"}, {"user": "y", "password": "b"}],
            [{"user": "x", "password": MASK}, {"user": "z", "password": MASK}],
            [{"user": "x", "password": "a"}, {"user": "z", "password": "b"}],
        ),
        (
            [{"token": "a"}, {"token": "b"}, 1],
            [{"token": MASK}, {"token": MASK}, 2],
            [{"token": "a"}, {"token": "b"}, 2],
        ),
        (
            [{"Name": "a", "password": "x"}, 1],
            [{"Name": "b", "password": MASK}, 1],
            [{"Name": "b", "password": "x"}, 1],
        ),
        (["x", '{"token":"a"}'], ['{"token":"••••••","y":1}', "x"], None),
        (["x", '{ "token": "a" }'], ['{"token":"••••••"}'], ['{ "token": "a" }']),
    ],
)
def test_a_mask_in_a_list_is_replaced_by_the_secret_of_its_own_item(
    original: Json, edited: Json, restored: Json
) -> None:
    if restored is None:
        with pytest.raises(UnresolvedMask):
            restore_secrets(edited, original)
    else:
        assert restore_secrets(edited, original) == restored


@pytest.mark.parametrize(
    ("original", "edited", "path"),
    [
        ({"A_TOKEN": "a"}, {"B_TOKEN": MASK}, ("B_TOKEN",)),
        ({"a": 5}, {"a": MASK}, ("a",)),
        ({"password": "a"}, {"password": f"{MASK}!"}, ("password",)),
        ({"x": A}, {"x": mask_variable("B")}, ("x", "Value")),
        ([A], [mask_variable("B")], (0, "Value")),
        ([{"token": "a"}, {"token": "b"}], [{"token": MASK}], (0, "token")),
        ([{"token": "a"}, {"token": "b"}], [{"token": MASK}, {"token": "new"}], (0, "token")),
        (
            [{"user": "x", "password": "a"}, {"user": "y", "password": "b"}],
            [{"user": "z", "password": MASK}],
            (0, "password"),
        ),
        ([{"TOKEN": "a"}, {"TOKEN": "b", "x": 1}], [{"TOKEN": MASK}, {"TOKEN": MASK}], (0, "TOKEN")),
        ([A, B], [mask_variable("A"), mask_variable("A")], (0, "Value")),
        (
            [{"Name": "a", "password": "a"}, {"Name": "b", "password": "b"}],
            [{"Name": "a", "password": MASK}, {"Name": "a", "password": MASK, "x": 1}],
            (1, "password"),
        ),
        (
            [{"Name": name, "password": name} for name in "abcd"],
            [{"Name": name, "password": MASK} for name in "zbca"],
            (0, "password"),
        ),
        ({"text": '{"password":"x"}'}, {"text": f'{{"password":"{MASK}"'}, ("text",)),
        ({"text": '{"password":"x"}'}, {"text": f'{{"passphrase":"{MASK}"}}'}, ("text", "passphrase")),
        ({"password": "x"}, [MASK], (0,)),
        ({"password": "x"}, MASK, ()),
    ],
)
def test_a_mask_without_a_secret_is_rejected_with_its_path(
    original: Json, edited: Json, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(UnresolvedMask) as refused:
        restore_secrets(edited, original)
    assert refused.value.path == path


def test_an_edit_inside_a_text_keeps_the_secrets_of_that_text() -> None:
    original = {"text": dumps({"environment": [A, B]})}
    edited = {"text": dumps({"environment": [mask_variable("B")], "day": 2})}
    assert restore_secrets(edited, original) == {"text": dumps({"environment": [B], "day": 2})}


def test_a_deeply_nested_document_is_masked_and_restored() -> None:
    deep: Json = "x"
    for _ in range(700):
        deep = {"password": deep}
    for original in (deep, {"text": dumps(deep)}):
        assert '"x"' not in dumps(mask_secrets(original)).replace("\\", "")
        assert restore_secrets(mask_secrets(original), original) == original
    with pytest.raises(UnresolvedMask):
        restore_secrets({"deep": deep, "password": MASK}, deep)


NAMES = st.sampled_from(["A_TOKEN", "B_TOKEN", "C_TOKEN", "user"])
ITEMS = st.one_of(
    st.builds(lambda name: {"Name": name, "Value": "?"}, NAMES),
    st.builds(lambda name: {"name": name, "value": "?", "n": 1}, NAMES),
    st.builds(lambda name: {name: "?"}, NAMES),
    st.builds(lambda first, second: {first: "?", second: "?"}, NAMES, NAMES),
    st.builds(lambda name: dumps({name: "?"}), NAMES),
)


def number_secrets(items: list[Json]) -> list[Json]:
    """Return the items with secrets that contain their names and the numbers of their items."""
    return [_with_values(item, at) for at, item in enumerate(items)]


def _with_values(item: Json, at: int) -> Json:
    if isinstance(item, str):
        return item.replace('"?"', f'"{item[2:-6]} {at}"')
    named = item.get("Name", item.get("name"))
    return {key: f"{named or key} {at}" if value == "?" else value for key, value in item.items()}


def _secrets(item: Json) -> Iterator[tuple[str, str]]:
    """Yield the name of each value of an item, and the name that the value itself states."""
    if isinstance(item, str):
        yield item.split('"')[1], item.split('"')[3]
        return
    named = item.get("Name", item.get("name"))
    for key, value in item.items():
        if isinstance(value, str) and key not in ("Name", "name"):
            yield named or key, value


@given(st.lists(ITEMS, max_size=5), st.data())
def test_no_edit_of_a_list_assigns_a_secret_to_another_name(items: list[Json], data: st.DataObject) -> None:
    original = number_secrets(items)
    edited = list(mask_secrets(original))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(edited)))
        match data.draw(st.sampled_from(["delete", "insert", "move"])):
            case "delete":
                del edited[at : at + 1]
            case "insert":
                edited.insert(at, data.draw(ITEMS))
            case _ if edited:
                edited.insert(at, edited.pop(data.draw(st.integers(0, len(edited) - 1))))
    try:
        restored = restore_secrets(edited, original)
    except UnresolvedMask:
        return
    assert MASK not in dumps(restored)
    for before, after in zip(edited, restored, strict=True):
        if MASK in dumps(before):
            assert after in original
        else:
            assert after == before
    assert all(value.startswith((name, "?")) for item in restored for name, value in _secrets(item))
