# The image of generex-exporter. docs/deployment.md says how to build and run it.
ARG PYTHON=3.11

FROM docker.io/library/python:${PYTHON}-slim-bookworm AS build
WORKDIR /src
COPY deploy/image/ ./
# --python: the pip of the base installs into environments that need none of their own.
# The secret is for builders behind a package index of their own; it stays out of the image.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python3 -m venv --without-pip /opt/build \
    && python3 -m venv --without-pip /opt/generex-exporter \
    && install() { python3 -m pip --python "$1/bin/python" install --no-cache-dir --disable-pip-version-check \
         --require-hashes --only-binary :all: --requirement "$2"; } \
    && install /opt/build build-requirements.txt \
    && install /opt/generex-exporter requirements.txt
COPY pyproject.toml README.md SECURITY.md CHANGELOG.md LICENSE ./
COPY exporter/ exporter/
COPY docs/ docs/
COPY alerts/ alerts/
# both lists are complete and hashed, so nothing may be fetched here
RUN python3 -m pip --python /opt/build/bin/python wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheel . \
    && python3 -m pip --python /opt/generex-exporter/bin/python install --no-index --no-deps --no-cache-dir /wheel/*.whl

FROM docker.io/library/python:${PYTHON}-slim-bookworm
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=""
LABEL org.opencontainers.image.title="generex-exporter" \
      org.opencontainers.image.description="Prometheus exporter for GENEREX CS141 UPS managers and BACS battery monitors" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
# compiled in the build stage: a root file system that is read-only keeps no bytecode
COPY --from=build /opt/generex-exporter /opt/generex-exporter
ENV PATH=/opt/generex-exporter/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# a number, so that Kubernetes can see that it is not root
USER 65532:65532
EXPOSE 10141
HEALTHCHECK --interval=15s --timeout=6s --start-period=10s CMD ["generex-exporter", "healthy"]
ENTRYPOINT ["generex-exporter"]
