"""Call an engine's AWS APIs as clients of botocore do, without botocore, which is in the extra `aws`."""
