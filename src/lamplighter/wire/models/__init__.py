"""Compile operations and validation from botocore's service models."""
