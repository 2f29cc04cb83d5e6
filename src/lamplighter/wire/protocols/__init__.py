"""Decode and encode AWS's protocols: JSON, query, REST JSON and CBOR."""
