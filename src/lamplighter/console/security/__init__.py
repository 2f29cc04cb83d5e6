"""Protect the console: login, CSRF tokens and response headers."""
