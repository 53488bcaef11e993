"""Passwords and tokens: found in addresses, and masked in texts.

Read `secret_in` first (a configuration must not hold one), then `mask` (texts of libraries may).
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from types import TracebackType
from typing import Any

MASK = "***"

# `scheme://name:password@`. One slash is enough: pathlib removes the second. A colon and a port are not a password.
_USERINFO = re.compile(r"([A-Za-z][\w+.-]*):(//?)([^\s/@:'\"<>]*)(:(?!\d{1,5}[/?#])[^\s'\"<>]*)?@")
# Schemes in which a name without a password is ordinary; in all others it may be a token.
_NAMED = re.compile(
    r"abfss?|wasbs?|adl|hdfs|sftp|scp|(git\+)?ssh|mailto|models|(postgresql|postgres|mysql|mariadb|mssql|oracle)(\+\w+)?"
)
_SECRET_NAME = (
    r"[\w.-]*(?:token|password|passwd|pwd|secret|signature|credentials?|api[_-]?key|access[_-]?key|account[_-]?key)"
    r"(?:[_-]?(?:id|key))?|sig|key|auth"
)
_QUERY = re.compile(rf"([?&;#](?:{_SECRET_NAME})=)([^&\s'\"<>#;]+)", re.IGNORECASE)
_OPTION = re.compile(
    r"(--[\w-]*(?:secret|secret[_-]key|access[_-]key|password|passwd|session[_-]token|auth[_-]token|api[_-]key"
    r"|connection[_-]string)[= ])(\S+)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"(\bauthorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer)\s+)([^\s'\"]+)", re.IGNORECASE)
_PASSWORD = re.compile(r"(\b(?:password|passwd|pwd)\s*=\s*)([^\s&;'\"]+)", re.IGNORECASE)
_SECRET_VARIABLE = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PGPASSWORD|MYSQL_PWD|TOKEN|SECRET|SECRET_KEY|ACCESS_KEY|ACCOUNT_KEY|API_KEY"
    r"|CONNECTION_STRING)$",
    re.IGNORECASE,
)
_SHORTEST_VALUE = 6  # characters; masking a shorter password would hide ordinary words

# Scheme -> variables or files that hold the secret in place of the address.
_PLACES = {
    r"https?": "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN (MLflow), KFP_TOKEN "
    "(Kubeflow Pipelines), or a file that NETRC names (others)",
    r"s3|minio": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    r"gs|gcs": "GOOGLE_APPLICATION_CREDENTIALS (the path of a key file)",
    r"abfss?|wasbs?|adl|az": "AZURE_STORAGE_CONNECTION_STRING",
    r"postgres(ql)?(\+\w+)?": "PGPASSWORD, or PGPASSFILE (the path of a password file)",
    r"(mysql|mariadb)(\+\w+)?": "an option file: add ?read_default_file=/path/of/my.cnf to the address",
    r"hf": "HF_TOKEN",
    r"kaggle": "KAGGLE_USERNAME and KAGGLE_KEY",
}


def secret_in(value: str) -> str | None:
    """Returns the place where a secret of this address or option belongs; None if the value holds no secret.

    Args:
        value: of a setting.

    Example:
        >>> secret_in("s3://key:hidden@bucket/corpus")
        'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'
        >>> secret_in("postgresql://user@host/registry") is None
        True
    """
    address = re.sub(r"\s", "_", value.strip())
    for match in _USERINFO.finditer(address):
        if _is_secret(match):
            return _place(match[1])
    scheme = re.match(r"([A-Za-z][\w+.-]*):/", address)
    if scheme and _QUERY.search(address):
        return _place(scheme[1])
    if _OPTION.search(value) or _PASSWORD.search(value):
        return "the environment variable that the library reads, such as AWS_SECRET_ACCESS_KEY"
    return None


def is_secret_variable(name: str) -> bool:
    """Returns whether an environment variable of this name holds a password, token or key.

    >>> is_secret_variable("MLFLOW_TRACKING_PASSWORD"), is_secret_variable("TOKENIZERS_PARALLELISM")
    (True, False)
    """
    return _SECRET_VARIABLE.search(name) is not None


def mask(text: str) -> str:
    """Replaces passwords and tokens in a text, and the values of environment variables that hold one.

    Example:
        >>> mask("GET http://me:hidden@mlflow:5000/api?token=abc failed")
        'GET http://***@mlflow:5000/api?token=*** failed'
    """
    if "@" in text:
        text = _USERINFO.sub(lambda match: f"{match[1]}:{match[2]}{MASK}@" if _is_secret(match) else match[0], text)
    for pattern in (_QUERY, _OPTION, _HEADER, _PASSWORD):
        text = pattern.sub(rf"\g<1>{MASK}", text)
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_VALUE and value in text and is_secret_variable(name):
            text = text.replace(value, MASK)
    return text


def mask_logs_and_tracebacks() -> None:
    """Masks every log record of this process, of any library, and the traceback of an uncaught error."""
    factory = logging.getLogRecordFactory()
    if getattr(factory, "masks", False):
        return

    def masked_record(*args: Any, **options: Any) -> logging.LogRecord:
        record = factory(*args, **options)
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # wrong arguments: the handler reports them
            return record
        if (clean := mask(message)) != message:
            record.msg, record.args = clean, None
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = masked_traceback(record.exc_info[1]).rstrip("\n")
        return record

    masked_record.masks = True  # type: ignore[attr-defined]  # a mark on the function
    logging.setLogRecordFactory(masked_record)
    sys.excepthook = _print_uncaught


def masked_traceback(error: BaseException) -> str:
    """Returns the traceback of an error and of its causes, masked."""
    return mask("".join(traceback.format_exception(error)))


def _print_uncaught(kind: type[BaseException], error: BaseException, frames: TracebackType | None) -> None:
    sys.stderr.write(masked_traceback(error))


def _is_secret(match: re.Match[str]) -> bool:
    name, password = match[3], match[4]
    return bool(password and password != ":") or (bool(name) and not _NAMED.fullmatch(match[1].lower()))


def _place(scheme: str) -> str:
    for pattern, place in _PLACES.items():
        if re.fullmatch(pattern, scheme.lower()):
            return place
    return "the environment variable or file of that service"
