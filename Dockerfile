# lamplighter as a container; docs/manual/install.md says how to run it.
# The base needs Python 3.11 or newer with venv, and Debian's tools.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
# Settings of pip for a network of one's own; each is unset unless `docker build --build-arg` sets it.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_CERT
ARG PIP_RETRIES=10
ARG PIP_DEFAULT_TIMEOUT=60
WORKDIR /source
COPY pyproject.toml README.md LICENSE build_metadata.py build_models.py ./
COPY src src
RUN python3 -m venv /opt/lamplighter \
    && /opt/lamplighter/bin/pip install --no-cache-dir --disable-pip-version-check '.[all]' \
    && /opt/lamplighter/bin/pip uninstall --yes --quiet pip

FROM ${BASE}
# docker-cli builds the images of jobs with a Dockerfile; --build-arg PACKAGES= leaves it out.
ARG PACKAGES=docker-cli
RUN if [ -n "$PACKAGES" ]; then \
        apt-get update && apt-get install --yes --no-install-recommends $PACKAGES && rm -rf /var/lib/apt/lists/*; \
    fi
RUN useradd --uid 4566 --create-home lamplighter && mkdir /data /jobs && chown lamplighter:lamplighter /data /jobs
COPY --from=build /opt/lamplighter /opt/lamplighter

USER lamplighter
WORKDIR /jobs
VOLUME /data
EXPOSE 4566
ENV PATH=/opt/lamplighter/bin:$PATH PYTHONUNBUFFERED=1 LAMPLIGHTER_DATA=/data LAMPLIGHTER_HOST=0.0.0.0
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:4566/_lamplighter/health', timeout=5)"]
ENTRYPOINT ["lamplighter"]
CMD ["up"]
