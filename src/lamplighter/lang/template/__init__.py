"""Parse, check and resolve CloudFormation templates, without creating resources."""
