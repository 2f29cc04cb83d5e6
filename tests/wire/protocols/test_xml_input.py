"""The XML body of a request declares no entities, in any encoding."""

import pytest

from lamplighter.base.service_model import Shape
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
