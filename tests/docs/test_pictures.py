"""The pictures of the manual are small, and each of them is described for people who cannot see it."""

import re

from tests.docs.pages import DOCS, pages

MAX_BYTES = 150_000


def test_a_picture_is_small() -> None:
    pictures = list((DOCS / "pictures").iterdir())
    assert [each.name for each in pictures if each.stat().st_size > MAX_BYTES] == []
    assert pictures


def test_every_picture_of_a_page_has_a_description() -> None:
    shown = [found for page in pages() for found in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", page.text)]
    assert [target for words, target in shown if len(words.split()) < 3] == []
    assert len(shown) > 1
