"""Test that the pages of `docs/alerts` show exactly what each kind of channel gets."""

import pytest

from tests.acceptance.golden_alerts import FOLDER, SCENARIOS, make_page


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_page_shows_what_each_channel_gets(name: str) -> None:
    """To write the pages anew: `python -m tests.acceptance.golden_alerts`."""
    assert make_page(name) == FOLDER.joinpath(f"{name}.md").read_text()


def test_there_is_no_page_without_an_alert() -> None:
    assert {each.stem for each in FOLDER.glob("*.md")} == set(SCENARIOS)
