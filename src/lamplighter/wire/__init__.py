"""The AWS protocols in both directions, from botocore's service models: pure computation, no sockets.

Promises: whatever bytes arrive, `route.route` returns a `Request` whose params fit the operation's shape, or raises an
`AwsError` in AWS's words; and whatever comes of it, `route.respond` and `route.refuse` write what botocore reads back.
Params are dicts in the model's member names, blobs are bytes and timestamps are seconds since the epoch, whichever
protocol carried them; results go out by the same convention.

Refuses: to know what any operation does, to decide who may call it, to enforce what the models do not say, and to
stream. A model is read when its service is first asked for, and an operation is compiled once, by a
`models.catalog.ModelCatalog`.
"""
