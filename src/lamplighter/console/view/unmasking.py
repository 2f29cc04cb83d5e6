"""Put the secrets back into a masked document that a user has edited.

Guarantees that a mask becomes the secret that it stood for, and never another one. The value of a key is recognized by
the key and its place. An item of a list is recognized by its `Name` or `name`, by its only key, or by its whole
content, so that other items can be added, deleted and moved. An edited item without these is recognized by its place,
if the list has its old length and the items beside it are unchanged. Rejects any other mask (`UnresolvedMask`).
"""

from collections.abc import Mapping, Sequence
from itertools import count

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.base.masking import MASK, MAX_SHOWN_DEPTH, mask_secrets

DocumentPath = tuple[str | int, ...]
_ABSENT = object()
"""Stands for a value that the original document does not have."""


class UnresolvedMask(ValueError):
    """The error that a mask stands for no secret that is known. `path` leads to the mask."""

    def __init__(self, path: DocumentPath) -> None:
        super().__init__(f"no secret is known for the mask at {path}")
        self.path = path


def restore_secrets(edited: Json, original: Json) -> Json:
    """Return the edited document with the original's secrets in place of the masks. Raises UnresolvedMask."""
    return _restore(edited, mask_secrets(original), original, ())


def _restore(edited: Json, shown: Json, real: Json, path: DocumentPath) -> Json:
    """Restore a part of the document, which was edited from `shown`, the masked form of `real`."""
    if MASK not in dumps(edited):
        return edited
    if isinstance(edited, str):
        return _restore_text(edited, shown, real, path)
    if len(path) > MAX_SHOWN_DEPTH:
        raise UnresolvedMask(path)
    if isinstance(edited, dict):
        known = _known_members(edited, shown, real)
        absent = (_ABSENT, _ABSENT)
        return {key: _restore(value, *known.get(key, absent), (*path, key)) for key, value in edited.items()}
    items = _known_items(edited, shown, real)
    return [_restore(item, *known, (*path, at)) for at, item, known in zip(count(), edited, items, strict=False)]


def _restore_text(edited: str, shown: Json, real: Json, path: DocumentPath) -> Json:
    if edited == shown:
        return real
    try:
        # JSON inside of a text: only its secrets are masked.
        if isinstance(shown, str) and isinstance(real, str):
            return dumps(_restore(loads(edited), loads(shown), loads(real), path))
    except JsonError:
        pass
    raise UnresolvedMask(path)


def _known_members(edited: Json, shown: Json, real: Json) -> Mapping[str, tuple[Json, Json]]:
    """Return the shown and the real value of each key whose name still tells what the value is."""
    if not isinstance(shown, dict):
        return {}
    renamed = _name(edited) != _name(shown)
    return {key: (shown[key], real[key]) for key in shown if not (renamed and key in ("Value", "value"))}


def _known_items(edited: Sequence[Json], shown: Json, real: Json) -> Sequence[tuple[Json, Json]]:
    """Return the shown and the real item that each item of an edited list comes from."""
    if not isinstance(shown, list):
        return [(_ABSENT, _ABSENT)] * len(edited)
    places = _original_places(edited, shown)
    return [(_ABSENT, _ABSENT) if place is None else (shown[place], real[place]) for place in places]


def _original_places(edited: Sequence[Json], shown: Sequence[Json]) -> Sequence[int | None]:
    """Return the place in the original list of each item of an edited list, or None if it is not certain."""
    new, old = [dumps(each) for each in edited], [dumps(each) for each in shown]
    by_identity = _Matches([_identity(each) for each in edited], [_identity(each) for each in shown])
    by_content = _Matches(new, old)

    def place(at: int) -> int | None:
        if (found := by_identity.only_place(at)) is not None or (found := by_content.only_place(at)) is not None:
            return found
        if by_content.is_known(at):
            return at if by_content.are_unmoved(at) else None
        near = [each for each in (at - 1, at + 1) if 0 <= each < len(new)]
        unchanged = len(new) == len(old) and all(new[each] == old[each] for each in near)
        return at if unchanged and by_identity.may_be_edited(at) else None

    return [place(at) for at in range(len(new))]


class _Matches:
    """The places of equal keys in an edited list and in the original list. A key of None equals no other."""

    def __init__(self, new: Sequence[str | None], old: Sequence[str | None]) -> None:
        self._new, self._old = new, old
        self._new_places, self._old_places = _places_by(new), _places_by(old)

    def only_place(self, at: int) -> int | None:
        """Return the place in the original of an item's key, if each list has the key once."""
        places = self._old_places.get(self._new[at], [])
        return places[0] if len(places) == 1 == len(self._new_places[self._new[at]]) else None

    def is_known(self, at: int) -> bool:
        """Return whether the original has an item's key."""
        return self._new[at] in self._old_places

    def are_unmoved(self, at: int) -> bool:
        """Return whether the items with the same key as this item are at the same positions in both lists."""
        return self._old_places[self._new[at]] == self._new_places[self._new[at]]

    def may_be_edited(self, at: int) -> bool:
        """Return whether an item can be an edit of the item at its place: the key is the old one, or replaces it."""
        new, old = self._new[at], self._old[at]
        return new == old or (new not in self._old_places and old not in self._new_places)


def _places_by(keys: Sequence[str | None]) -> Mapping[str | None, Sequence[int]]:
    found: dict[str | None, list[int]] = {}
    for at, key in enumerate(keys):
        if key is not None:
            found.setdefault(key, []).append(at)
    return found


def _identity(item: Json) -> str | None:
    """Return what distinguishes an item from the others of its list: its name or its only key; else None."""
    name = _name(item)
    if isinstance(name, str):
        return f"name {name}"
    return f"key {next(iter(item))}" if isinstance(item, dict) and len(item) == 1 else None


def _name(item: Json) -> Json:
    return item.get("Name", item.get("name")) if isinstance(item, dict) else None
