"""Call CloudFormation about a stack: read it, pass it a template, change it and follow its events."""
