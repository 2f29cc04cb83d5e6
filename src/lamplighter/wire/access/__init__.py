"""Decide who may call: signatures, credentials, the Host header, cross-site requests and console sessions."""
