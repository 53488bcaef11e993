# The image of every container on a cluster: pipeline nodes, Beam workers, model registry.
#
#   docker build --tag ner:cpu --build-arg REVISION="$(git rev-parse HEAD)" .
#   docker build --tag ner:gpu --build-arg REVISION="$(git rev-parse HEAD)" --build-arg DEVICE=gpu .
#
#   DEVICE          cpu or gpu. gpu adds CUDA from NVIDIA's wheels, because TensorFlow's metadata pins the wheels it was
#                   built with and its libraries search there. The node provides the driver.
#   STACK           tfx116 or tfx121: selects the constraints and a Debian with a matching C library
#   UID             user that the containers run as; any number works. Dataflow may need 0.
#   REVISION        revision of the source, for the label and NER_REVISION
#   PYTHON_DIGEST   "@sha256:..." of the base images, to pin the tags. Without defaults: look them up with
#   BEAM_DIGEST     `docker buildx imagetools inspect python:3.11-slim-bookworm`
#   PIP_INDEX_URL, UV_DEFAULT_INDEX   another package index than PyPI; not stored in the image
#
# Needs BuildKit (docker 23 or newer) or buildah, and x86-64, the only platform with TFX wheels.
ARG STACK=tfx116
ARG PYTHON_DIGEST=""
ARG BEAM_DIGEST=""

FROM python:3.11-slim-bookworm${PYTHON_DIGEST} AS python-tfx116
# The ml-metadata and TFDV wheels of the newer stack need glibc 2.39.
FROM python:3.11-slim-trixie${PYTHON_DIGEST} AS python-tfx121
# The Beam versions of the constraints (tests/dockerfile checks this).
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
# Bytecode is compiled here: users of the image cannot write it, and each pod would spend 15 s on compiling imports.
ENV VIRTUAL_ENV=/opt/venv \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy
WORKDIR /src
COPY constraints constraints/
# uv, because TFX 1.16 declares "Python < 3.11" although it runs on 3.11, and pip refuses (docs/decisions/0001).
RUN python -m venv /opt/venv \
 && python -m venv /opt/uv \
 && /opt/uv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
      --constraint "constraints/py311-$STACK.txt" uv
# Dependencies before the source, so that a changed source does not install them again.
COPY setup.py pyproject.toml ./
RUN --mount=type=cache,target=/root/.cache/uv \
    set -- --requirement setup.py --extra pipeline --extra kfp --extra encoder; \
    case "$DEVICE" in \
      cpu) ;; \
      gpu) set -- "$@" --constraint "constraints/py311-$STACK-gpu.txt" 'tensorflow[and-cuda]' ;; \
      *) echo "DEVICE=$DEVICE is neither cpu nor gpu" >&2; exit 1 ;; \
    esac; \
    /opt/uv/bin/uv pip install --quiet --override constraints/overrides.txt \
      --constraint "constraints/py311-$STACK.txt" --build-constraint "constraints/py311-$STACK.txt" "$@"
COPY components components/
COPY configs configs/
COPY deployable_ner deployable_ner/
COPY pipeline pipeline/
COPY schemas schemas/
# With the package names of the checkout, which compiled pipelines contain.
RUN --mount=type=cache,target=/root/.cache/uv \
    NER_LAYOUT=checkout /opt/uv/bin/uv pip install --quiet --no-deps --no-build-isolation .

# hadolint ignore=DL3006
FROM python-${STACK}
ARG UID=1000
# Writable for any user, because OpenShift chooses the user's number. USER replaces an entry in /etc/passwd.
RUN install -d -m 1777 /home/ner
COPY --from=beam /opt/apache/beam /opt/apache/beam/
COPY --from=build /opt/venv /opt/venv/
# RUN_PYTHON_SDK_...: otherwise Beam's boot creates a separate virtual environment without these packages.
# NVIDIA_VISIBLE_DEVICES is not set: the device plugin sets it, only for pods that request a GPU.
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
# Beam's runners start a worker by its arguments, or a worker pool by --worker_pool. Kubeflow names its own command.
# By hand: docker run --entrypoint ner IMAGE --help
ENTRYPOINT ["/opt/apache/beam/boot"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="deployable-ner" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
ENV NER_REVISION=${REVISION}
