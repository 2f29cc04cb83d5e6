"""Evaluate JSONPath as Step Functions uses it: paths, reference paths and queries."""
