"""Run containers under Docker."""
