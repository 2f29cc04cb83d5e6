"""`NewestEntries` remembers a bounded number of values."""

from lamplighter.cli.up.reports.newest_entries import NewestEntries


def test_the_oldest_values_are_forgotten_beyond_the_bound() -> None:
    entries = NewestEntries[int](most=3)
    for number in range(1_000):
        entries.put(str(number), number)
    assert len(entries) == 3
    assert [entries.get(str(number)) for number in (996, 997, 998, 999)] == [None, 997, 998, 999]


def test_a_value_that_is_put_again_is_the_newest() -> None:
    entries = NewestEntries[int](most=2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        entries.put(key, value)
    assert [entries.get(key) for key in "abc"] == [3, None, 4]


def test_a_value_is_taken_once() -> None:
    entries = NewestEntries[str]()
    entries.put("a", "value")
    assert [entries.take("a"), entries.take("a"), entries.take(None)] == ["value", None, None]
    assert len(entries) == 0
