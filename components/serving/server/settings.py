"""Settings of the server; `ner serve` has options for those that users change."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from components.common.faults import usable_processors


class ServerSettings(BaseModel):
    """Settings of `ner serve`.

    Attributes:
        host: address to bind.
        port: of REST; 0: any free one.
        grpc_port: of gRPC; 0: any free one; None: no gRPC.
        tls_cert: certificate (PEM), for REST and gRPC.
        tls_key: its private key (PEM).
        token: bearer token that every request must carry; empty: none.
        max_batch_size: rows that the server joins to one run of the model; 1: it joins none.
        batch_wait: seconds that a request waits for others while the model is busy.
        max_queue: requests that wait for each version and signature; further ones are refused.
        max_rows: rows of one request.
        max_request_bytes: size of one request.
        threads: runs at the same time.
        timeout: seconds that a request without its own deadline may take.
        client_timeout: seconds that a client may take to send a request or to take an answer, and one more for each
            16 KiB of it.
        keep_alive: seconds until an idle connection is closed.
        max_connections: open connections of REST; further ones get 503. Also calls of gRPC at the same time.
        max_buffered_bytes: of requests without an answer, and as many of answers that clients of REST do not take.
        poll: seconds between two looks at models.config.
        shutdown: seconds to finish accepted requests after a signal.
        access_log: file of the access log; None: standard error.
        request_log: file of the logged requests and answers; None: none.
        log_share: share of the requests in it.
        log_bytes: size of that file before it is rotated.

    Example:
        >>> ServerSettings(port=0).max_batch_size
        64
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(8501, ge=0, le=65535)
    grpc_port: int | None = Field(8500, ge=0, le=65535)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    token: str = Field("", repr=False)
    max_batch_size: int = Field(64, gt=0)
    batch_wait: float = Field(0.001, ge=0)
    max_queue: int = Field(1000, gt=0)
    max_rows: int = Field(10_000, gt=0)
    max_request_bytes: int = Field(64 << 20, gt=0)
    threads: int = Field(default_factory=usable_processors, gt=0)
    timeout: float = Field(60.0, gt=0)
    client_timeout: float = Field(30.0, gt=0)
    keep_alive: float = Field(75.0, gt=0)
    max_connections: int = Field(20_000, gt=0)
    max_buffered_bytes: int = Field(256 << 20, gt=0)
    poll: float = Field(1.0, gt=0)
    shutdown: float = Field(30.0, ge=0)
    access_log: Path | None = None
    request_log: Path | None = None
    log_share: float = Field(1.0, gt=0, le=1)
    log_bytes: int = Field(100_000_000, gt=0)
