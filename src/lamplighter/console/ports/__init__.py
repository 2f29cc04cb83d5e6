"""The AWS APIs as the console uses them: of the local engine, or of an AWS account."""
