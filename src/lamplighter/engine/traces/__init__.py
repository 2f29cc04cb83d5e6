"""Send a trace of each run that ends to a collector of OpenTelemetry.

Nothing here is imported unless the environment names a collector (`OTEL_EXPORTER_OTLP_ENDPOINT`). `settings.py` reads
the standard variables, `run_traces.py` makes the spans from a run's history, `exporter.py` sends them. The requests are
encoded here, by `otlp_json.py` and `otlp_protobuf.py`: the official SDK makes spans with random ids while code runs,
and sends them from threads of its own; here spans have derived ids and are made afterwards.
See https://opentelemetry.io/docs/specs/otlp/#otlphttp.
"""
