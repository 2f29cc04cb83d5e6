"""IAM's policy language: check the grammar of policies, compile them, and evaluate requests against them."""
