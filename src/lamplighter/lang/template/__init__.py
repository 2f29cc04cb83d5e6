"""CloudFormation templates: read, checked and resolved, without making a resource."""
