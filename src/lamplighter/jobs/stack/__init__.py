"""Build the CloudFormation template of a project, with one module for each family of resources."""
