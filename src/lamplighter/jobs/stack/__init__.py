"""A project as a CloudFormation template, one module for each family of resources."""
