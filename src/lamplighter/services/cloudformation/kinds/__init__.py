"""The types of resources: for each service, which calls make, change and unmake them."""
