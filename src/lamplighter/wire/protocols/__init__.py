"""The protocols of AWS: JSON, query, REST JSON and CBOR, each in both directions."""
