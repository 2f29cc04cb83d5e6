"""The XML body of a request declares no entities, in any encoding."""

from xml.etree import ElementTree

import pytest

from lamplighter.base.aws.service_model import Shape
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.protocols.xml_input import MalformedXml, read_xml

BOMB = (
    '<?xml version="1.0" encoding="{}"?><!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    "<Tagging><TagSet><Tag><Key>&b;</Key><Value>v</Value></Tag></TagSet></Tagging>"
)


def tagging(catalog: ModelCatalog) -> Shape:
    """Return the shape of the body of PutBucketTagging."""
    shape = catalog.service("s3").model.operation_model("PutBucketTagging").input_shape
    assert shape is not None
    return shape.members["Tagging"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_a_document_type_is_refused_in_every_encoding(catalog: ModelCatalog, encoding: str) -> None:
    """Entities could grow to more than the memory has; UTF-16 writes `<!DOCTYPE` with other bytes."""
    with pytest.raises(MalformedXml):
        read_xml(BOMB.format(encoding.removesuffix("-le")).encode(encoding), tagging(catalog))


def test_a_body_may_declare_its_encoding(catalog: ModelCatalog) -> None:
    """The declaration of UTF-8 is no document type."""
    start = '<?xml version="1.0" encoding="UTF-8"?>'
    body = f"{start}<Tagging><TagSet><Tag><Key>k</Key><Value>ö</Value></Tag></TagSet></Tagging>"
    assert read_xml(body.encode(), tagging(catalog)) == {"TagSet": [{"Key": "k", "Value": "ö"}]}


def test_an_unknown_encoding_is_refused(catalog: ModelCatalog) -> None:
    """It is a fault of the caller, and none of the engine."""
    with pytest.raises(MalformedXml):
        read_xml(b'<?xml version="1.0" encoding="nothing"?><Tagging/>', tagging(catalog))


def write_tag(attributes: int, value: str) -> str:
    """Return an element with so many attributes."""
    return f"<Tagging {' '.join(f'a{number}={value}' for number in range(attributes))}/>"


@pytest.mark.parametrize(
    "body",
    [
        "<a>" * 300_000 + "</a>" * 300_000,
        f"<Tagging>{'<Tag/>' * 300_000}</Tagging>",
        write_tag(110_000, "''"),
        "<a>" + write_tag(1000, "'>'") * 110 + "</a>",
    ],
    ids=["deep", "many elements", "an element with many attributes", "many elements with many attributes"],
)
def test_a_body_that_takes_long_to_parse_is_refused_before(
    catalog: ModelCatalog, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parser would block the engine for seconds."""
    monkeypatch.setattr(ElementTree, "fromstring", lambda _: pytest.fail("the body was parsed"))
    with pytest.raises(MalformedXml):
        read_xml(body.encode(), tagging(catalog))


def test_the_largest_upload_is_completed(catalog: ModelCatalog) -> None:
    """10,000 parts with all their members are no hostile body."""
    shape = catalog.service("s3").model.operation_model("CompleteMultipartUpload").input_shape
    assert shape is not None
    names = ("CRC32", "CRC64NVME", "SHA1", "SHA256")
    checksums = "".join(f"<Checksum{each}>{'x' * 42}==</Checksum{each}>" for each in names)
    part = "<Part><ETag>&quot;{0:032x}&quot;</ETag>" + checksums + "<PartNumber>{0}</PartNumber></Part>"
    parts = "".join(part.format(number) for number in range(1, 10_001))
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
    found = read_xml(body.encode(), shape.members["MultipartUpload"])
    assert len(found["Parts"]) == 10_000
