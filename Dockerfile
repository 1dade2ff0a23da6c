# Three images: `train-cpu` and `train-gpu` run the stages, `serve` answers questions about one bundle.
#
#   docker build --target serve --tag inkling/serve:0.1.0 .
#
# Wheels come from `.build/wheels` where `make wheels` has collected them (`make image` then builds without network), else
# from the index that the PIP_ build arguments name. For `train-cpu` give pip a CPU build of torch by either way, or the
# image carries the CUDA build, which is what `train-gpu` is for.
ARG BASE=python:3.11-slim

FROM ${BASE} AS base
RUN groupadd --gid 1001 inkling && useradd --uid 1001 --gid 1001 --home-dir /tmp --no-create-home inkling
ENV PATH=/opt/inkling/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1
LABEL org.opencontainers.image.title="Inkling" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /tmp

# Installed where they stay, but by stages that are left behind, together with whatever a source package needs to be built.
FROM base AS serve-packages
ARG PIP_NO_INDEX
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_FIND_LINKS=/wheels PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_PROGRESS_BAR=off
COPY pyproject.toml constraints.txt .build/wheel[s] /wheels/
RUN python3 -m venv /opt/inkling && cd /wheels && pip install --constraint constraints.txt setuptools && python -c \
    "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; e = p['optional-dependencies']; \
open('serve.txt', 'w').write('\n'.join(p['dependencies'] + e['serve'])); \
open('train.txt', 'w').write('\n'.join(e['train'] + e['export'] + e['data']))" \
    && pip install --no-build-isolation --constraint constraints.txt --requirement serve.txt

FROM serve-packages AS train-packages
ARG PIP_NO_INDEX
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
RUN cd /wheels && pip install --no-build-isolation --constraint constraints.txt --requirement train.txt

FROM serve-packages AS wheel
COPY pyproject.toml README.md LICENSE __init__.py /source/
COPY components /source/components
COPY models /source/models
COPY pipelines /source/pipelines
RUN pip wheel --no-build-isolation --no-deps --no-index --wheel-dir /dist /source

FROM base AS serve
COPY --from=serve-packages /opt/inkling /opt/inkling
COPY --from=wheel /dist /dist
RUN pip install --no-cache-dir --no-deps --no-index /dist/*.whl
USER 1001:1001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/v2/health/ready', timeout=2)"]
CMD ["python", "-m", "inkling.components.serve.server", "--bundle", "/mnt/models", \
    "--host", "0.0.0.0", "--port", "8080"]

# Kubeflow gives the command, so there is no entry point.
FROM base AS train-cpu
COPY --from=train-packages /opt/inkling /opt/inkling
COPY --from=wheel /dist /dist
RUN pip install --no-cache-dir --no-deps --no-index /dist/*.whl
USER 1001:1001
CMD ["inkling", "--help"]

FROM train-cpu AS train-gpu
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
