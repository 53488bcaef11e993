# One image for every container on a cluster: the pipeline's nodes, Beam's workers, the model registry.
#
#   docker build --tag ner:cpu --build-arg REVISION="$(git rev-parse HEAD)" .
#   docker build --tag ner:gpu --build-arg REVISION="$(git rev-parse HEAD)" --build-arg DEVICE=gpu .
#
#   DEVICE          cpu, or gpu: also CUDA. It comes as NVIDIA's wheels and not with the base image, because
#                   TensorFlow's own metadata names those it was built with, and its libraries look for them there. The
#                   driver is the node's.
#   STACK           tfx116 or tfx121: the constraints, and the Debian whose C library this stack is tested with
#   UID             whom it runs as; any other number works too. Dataflow alone may want 0.
#   REVISION        of the source, for the label and NER_REVISION
#   PYTHON_DIGEST   "@sha256:..." of the base images: pins what the tags name today. No defaults, because no registry
#   BEAM_DIGEST     could be asked where this file was written: `docker buildx imagetools inspect python:3.11-slim-bookworm`
#   PIP_INDEX_URL, UV_DEFAULT_INDEX   another package index than PyPI; stays out of the image
#
# Needs BuildKit (docker 23 or newer) or buildah, and x86-64, which is all that TFX publishes wheels for.
ARG STACK=tfx116
ARG PYTHON_DIGEST=""
ARG BEAM_DIGEST=""

FROM python:3.11-slim-bookworm${PYTHON_DIGEST} AS python-tfx116
# ml-metadata's and TFDV's wheels of the newer stack need glibc 2.39.
FROM python:3.11-slim-trixie${PYTHON_DIGEST} AS python-tfx121
# Beam's versions are those of the constraints (tests/dockerfile).
FROM apache/beam_python3.11_sdk:2.64.0${BEAM_DIGEST} AS beam-tfx116
FROM apache/beam_python3.11_sdk:2.77.0${BEAM_DIGEST} AS beam-tfx121
# hadolint ignore=DL3006
FROM beam-${STACK} AS beam

# hadolint ignore=DL3006
FROM python-${STACK} AS build
ARG STACK
ARG DEVICE=cpu
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
# Compiled here, because whoever runs the image may not write there: 15 s of imports would compile anew in each pod.
ENV VIRTUAL_ENV=/opt/venv \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy
WORKDIR /src
COPY constraints constraints/
# uv, because TFX 1.16 says "Python < 3.11" although it runs on 3.11, and pip obeys (docs/decisions/0001). It stays here.
RUN python -m venv /opt/venv \
 && python -m venv /opt/uv \
 && /opt/uv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
      --constraint "constraints/py311-$STACK.txt" uv
# The packages without the source: a changed source does not install them again.
COPY setup.py pyproject.toml ./
RUN --mount=type=cache,target=/root/.cache/uv \
    set -- --requirement setup.py --extra kfp --extra encoder; \
    case "$DEVICE" in \
      cpu) ;; \
      gpu) set -- "$@" --constraint "constraints/py311-$STACK-gpu.txt" 'tensorflow[and-cuda]' ;; \
      *) echo "DEVICE=$DEVICE is neither cpu nor gpu" >&2; exit 1 ;; \
    esac; \
    /opt/uv/bin/uv pip install --quiet --override constraints/overrides.txt \
      --constraint "constraints/py311-$STACK.txt" --build-constraint "constraints/py311-$STACK.txt" "$@"
COPY components components/
COPY configs configs/
COPY pipeline pipeline/
COPY schemas schemas/
RUN --mount=type=cache,target=/root/.cache/uv \
    /opt/uv/bin/uv pip install --quiet --no-deps --no-build-isolation .

# hadolint ignore=DL3006
FROM python-${STACK}
ARG UID=1000
# Any user may write there: OpenShift runs containers as a number of its own. No entry in /etc/passwd is needed, because
# who asks for a name is told USER.
RUN install -d -m 1777 /home/ner
COPY --from=beam /opt/apache/beam /opt/apache/beam/
COPY --from=build /opt/venv /opt/venv/
# RUN_PYTHON_SDK_...: without it Beam's boot makes a virtual environment of its own, which does not see this one.
# NVIDIA_VISIBLE_DEVICES is not set: the device plugin does that, and only for pods that asked for a GPU.
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/home/ner \
    USER=ner \
    LOGNAME=ner \
    PYTHONUNBUFFERED=1 \
    GIT_PYTHON_REFRESH=quiet \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1
WORKDIR /home/ner
USER ${UID}:0
# Beam's runners start a worker by its arguments, a pool of them by --worker_pool. Kubeflow names the command itself;
# by hand: docker run --entrypoint ner IMAGE --help
ENTRYPOINT ["/opt/apache/beam/boot"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="deployable-ner" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
ENV NER_REVISION=${REVISION}
