"""The tables of CloudFormation."""
