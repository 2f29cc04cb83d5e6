"""Targets: the call that each event becomes, and how it is authorized."""
