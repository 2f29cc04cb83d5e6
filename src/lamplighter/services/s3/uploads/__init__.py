"""Handle multipart uploads."""
