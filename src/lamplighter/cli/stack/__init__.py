"""A project as a stack of CloudFormation: what would change, carried out, followed; on AWS and on any engine alike."""
