"""Compute CloudWatch's metric math: expressions over time series, such as `100 * m2 / (m1 + m2)`."""
