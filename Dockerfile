# Four images: `pipeline` compiles and submits pipelines, `train-cpu` and `train-gpu` run the stages, `serve` answers
# questions about one bundle.
#
#   docker build --target serve --tag inkling/serve:0.1.0 .
#
# Wheels come from `.build/wheels` where `make wheels` has collected them (`make image` then builds without network), else
# from the index that the PIP_ build arguments name. For `train-cpu` give pip a CPU build of torch by either way, or the
# image carries the CUDA build, which is what `train-gpu` is for. Pin the base by what your registry calls it:
# `--build-arg BASE=python@sha256:...`.
ARG BASE=python:3.11-slim

FROM ${BASE} AS base
RUN groupadd --gid 1001 inkling && useradd --uid 1001 --gid 1001 --home-dir /tmp --no-create-home inkling
ENV PATH=/opt/inkling/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Inkling" org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version=$VERSION inkling.bill-of-materials="/usr/share/sbom/inkling.cdx.json"
WORKDIR /tmp

# Installed where they stay, but by stages that are left behind, together with whatever a source package needs to be built.
FROM base AS core-packages
ARG PIP_NO_INDEX
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_INDEX=$PIP_NO_INDEX PIP_INDEX_URL=$PIP_INDEX_URL PIP_EXTRA_INDEX_URL=$PIP_EXTRA_INDEX_URL \
    PIP_FIND_LINKS=/wheels PIP_CONSTRAINT=/wheels/constraints.txt PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_PROGRESS_BAR=off
COPY pyproject.toml constraints.txt .build/wheel[s] /wheels/
RUN python3 -m venv /opt/inkling && cd /wheels && pip install setuptools && python -c \
    "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; e = p['optional-dependencies']; \
write = lambda name, lines: open(name + '.txt', 'w').write('\n'.join(lines)); \
write('core', p['dependencies']); write('pipeline', e['cluster']); write('serve', e['serve']); \
write('train', e['train'] + e['export'] + e['data'] + e['monitor'])" \
    && pip install --no-build-isolation --requirement core.txt

FROM core-packages AS wheel
COPY pyproject.toml README.md LICENSE __init__.py /source/
COPY components /source/components
COPY models /source/models
COPY pipelines /source/pipelines
RUN pip wheel --no-build-isolation --no-deps --no-index --wheel-dir /dist /source

FROM core-packages AS biller
COPY manifests/images/bill_of_materials.py /opt/biller/
RUN python3 -m venv /opt/biller && /opt/biller/bin/pip install cyclonedx-bom

# Each image: its packages, then Inkling itself, then the bill of both, which a stage that is left behind draws up.
FROM core-packages AS pipeline-packages
RUN pip install --no-build-isolation --requirement /wheels/pipeline.txt

FROM base AS pipeline-installed
COPY --from=pipeline-packages /opt/inkling /opt/inkling
COPY --from=wheel /dist /dist
RUN pip install --no-cache-dir --no-deps --no-index /dist/*.whl

FROM pipeline-installed AS pipeline-bill
COPY --from=biller /opt/biller /opt/biller
RUN /opt/biller/bin/python /opt/biller/bill_of_materials.py pipeline > /bill.json

FROM pipeline-installed AS pipeline
ARG REVISION
LABEL org.opencontainers.image.revision=$REVISION \
    org.opencontainers.image.description="Compiles Inkling's pipelines and submits them"
COPY --from=pipeline-bill /bill.json /usr/share/sbom/inkling.cdx.json
USER 1001:1001
CMD ["inkling", "--help"]

FROM core-packages AS serve-packages
RUN pip install --no-build-isolation --requirement /wheels/serve.txt

FROM base AS serve-installed
COPY --from=serve-packages /opt/inkling /opt/inkling
COPY --from=wheel /dist /dist
RUN pip install --no-cache-dir --no-deps --no-index /dist/*.whl

FROM serve-installed AS serve-bill
COPY --from=biller /opt/biller /opt/biller
RUN /opt/biller/bin/python /opt/biller/bill_of_materials.py serve > /bill.json

FROM serve-installed AS serve
ARG REVISION
LABEL org.opencontainers.image.revision=$REVISION \
    org.opencontainers.image.description="Answers questions about one bundle: KServe's protocols and OpenAI chat"
COPY --from=serve-bill /bill.json /usr/share/sbom/inkling.cdx.json
USER 1001:1001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/v2/health/ready', timeout=2)"]
CMD ["python", "-m", "inkling.components.serve.server", "--bundle", "/mnt/models", \
    "--host", "0.0.0.0", "--port", "8080"]

FROM serve-packages AS train-packages
RUN pip install --no-build-isolation --requirement /wheels/train.txt

FROM base AS train-installed
COPY --from=train-packages /opt/inkling /opt/inkling
COPY --from=wheel /dist /dist
RUN pip install --no-cache-dir --no-deps --no-index /dist/*.whl

FROM train-installed AS train-bill
COPY --from=biller /opt/biller /opt/biller
RUN /opt/biller/bin/python /opt/biller/bill_of_materials.py train > /bill.json

# Kubeflow gives the command, so there is no entry point.
FROM train-installed AS train-cpu
ARG REVISION
LABEL org.opencontainers.image.revision=$REVISION \
    org.opencontainers.image.description="Runs the stages of Inkling's pipelines"
COPY --from=train-bill /bill.json /usr/share/sbom/inkling.cdx.json
USER 1001:1001
CMD ["inkling", "--help"]

FROM train-cpu AS train-gpu
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
