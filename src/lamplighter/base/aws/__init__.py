"""What AWS's APIs have in common: ARNs, roles, Fargate's sizes, models of services."""
