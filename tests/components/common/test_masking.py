"""Passwords and tokens in settings and in texts."""

from __future__ import annotations

import io
import logging

import pytest

from components.common.errors import NerError
from components.common.masking import is_secret_variable, mask, mask_logs_and_tracebacks, secret_in


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("http://me:hidden@mlflow:5000", "MLFLOW_TRACKING_PASSWORD"),
        ("https://hidden@host", "MLFLOW_TRACKING_TOKEN"),
        ("http:/me:hidden@host/x", "MLFLOW_TRACKING_PASSWORD"),  # a path object has removed a slash
        ("http://me:hid/hidden@host", "MLFLOW_TRACKING_PASSWORD"),
        ("postgresql+psycopg2://me:hidden@host/registry", "PGPASSWORD"),
        ("mysql+pymysql://me:hidden@host/registry", "read_default_file"),
        ("mssql+pyodbc://me:hidden@host/registry", "file of that service"),
        ("s3://key:hidden@bucket/corpus", "AWS_SECRET_ACCESS_KEY"),
        ("https://host/corpus?X-Amz-Signature=hidden", "NETRC"),
        ("https://host/corpus?sv=1&sig=hidden", "NETRC"),
        ("gs://bucket/corpus?access_token=hidden", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("--s3_secret_access_key=hidden", "AWS_SECRET_ACCESS_KEY"),
        ("host=db password=hidden", "environment variable"),
    ],
)
def test_secret_of_an_address_is_recognized_and_masked(address, place):
    assert place in (secret_in(address) or "")
    assert "hidden" not in mask(f"GET {address} failed: {address!r}")


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:5000/path/a@b",
        "s3://bucket/a:b@c",
        "postgresql://me@host/registry",
        "abfss://container@account.dfs.example/corpus",
        "sqlite:////folder/a@b/mlflow.db",
        "registry.example:5000/ner:cpu@sha256:0123",
        "mailto:me@example.org",
        "models:/ner@champion",
        "hf://user/model",
        "https://host/?monkey=1",
        "--direct_num_workers=1",
    ],
)
def test_address_without_a_secret_stays_as_it_is(address):
    assert secret_in(address) is None
    assert mask(address) == address


def test_values_of_secret_variables_are_masked_and_others_are_not(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2!")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "enabled")
    assert mask("401 for hunter2!, enabled") == "401 for ***, enabled"
    names = ["AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "HF_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"]
    assert [is_secret_variable(name) for name in names] == [True, True, True, False, False]


def test_errors_for_users_are_masked():
    assert str(NerError("http://me:hidden@host: refused. Check it")) == "http://***@host: refused. Check it"


def test_log_records_of_every_library_are_masked_with_their_tracebacks():
    mask_logs_and_tracebacks()
    stream = io.StringIO()
    logger = logging.getLogger("some_library")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        logger.warning("Retrying %s after %s", "http://me:hidden@host/x?token=hidden", "connection broken")
        try:
            try:
                raise ConnectionError("http://me:hidden@host")
            except ConnectionError as error:
                raise NerError("no registry") from error
        except NerError:
            logger.exception("the run stopped")
    finally:
        logger.removeHandler(handler)
    assert "Retrying http://***@host/x?token=*** after connection broken" in stream.getvalue()
    assert "ConnectionError: http://***@host" in stream.getvalue()
    assert "hidden" not in stream.getvalue()
