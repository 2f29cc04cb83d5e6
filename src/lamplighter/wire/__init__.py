"""Decode AWS requests and encode their answers, from botocore's service models. Pure computation without sockets.

Guarantees that `route.route_request` turns any bytes into a `RoutedRequest` whose params fit the operation's shape, or
raises an `AwsError` with AWS's wording. botocore can parse every answer of `route.encode_result` and
`route.encode_error`. Params are dicts with the model's member names in every protocol; blobs are bytes, and timestamps
are seconds since the epoch. Results have the same form.

The package does not know what an operation does, does not authorize operations, does not enforce rules that the models
lack, and does not stream. A `models.catalog.ModelCatalog` reads a service's model when it is first needed and compiles
each operation once.
"""
