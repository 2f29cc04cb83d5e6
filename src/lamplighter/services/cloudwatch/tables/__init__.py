"""The tables of CloudWatch."""
