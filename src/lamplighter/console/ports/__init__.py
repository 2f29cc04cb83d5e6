"""Call AWS's APIs for the console: those of the local engine, or of an AWS account."""
