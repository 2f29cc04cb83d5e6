"""From the text of an object to the items of a Map.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import pytest

from lamplighter.asl.faults import Fault
from lamplighter.asl.reading import read_items
from lamplighter.base.jsontext import Json


def test_json_is_an_array() -> None:
    assert read_items("[1, {}]", {}) == [1, {}]


def test_a_pointer_leads_to_the_array() -> None:
    assert read_items('{"a/b": [0, {"c": [5]}]}', {"ItemsPointer": "/a~1b/1/c"}) == [5]


def test_json_lines_are_one_item_each_and_empty_ones_none() -> None:
    assert read_items('{"a":1}\n\n2\n', {"InputType": "JSONL"}) == [{"a": 1}, 2]


def test_csv_takes_its_header_from_the_first_row() -> None:
    assert read_items('a,b\n1,"x,y"\n2\n', {"InputType": "CSV"}) == [{"a": "1", "b": "x,y"}, {"a": "2", "b": ""}]


def test_csv_takes_a_header_from_the_definition_and_another_delimiter() -> None:
    config = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"], "CSVDelimiter": "PIPE"}
    assert read_items("1|2|3\n", config) == [{"a": "1", "b": "2"}]


def test_no_more_items_are_read_than_wanted() -> None:
    assert read_items("[1,2,3]", {"MaxItems": 2}) == [1, 2]


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("{}", {}),
        ("[", {}),
        ('{"a": 1}', {"ItemsPointer": "/a"}),
        ('{"a": [1]}', {"ItemsPointer": "/b/c"}),
        ("{", {"InputType": "JSONL"}),
        ("", {"InputType": "PARQUET"}),
    ],
)
def test_what_gives_no_items_fails_the_reader(text: str, config: Json) -> None:
    with pytest.raises(Fault) as caught:
        read_items(text, config)
    assert caught.value.error == "States.ItemReaderFailed"
