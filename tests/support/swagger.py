"""Checks of requests and responses against the specification of KFP's REST API, and random valid responses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from support.lazy import LazyModule

jsonschema, referencing = LazyModule("jsonschema"), LazyModule("referencing")

FILE = Path(__file__).with_name("kfp_api.swagger.json")
_CAMEL = re.compile(r"(?<=[a-z])([A-Z])")
_OPERATIONS = ["OPERATION_UNSPECIFIED", "EQUALS", "NOT_EQUALS", "GREATER_THAN", "", "GREATER_THAN_EQUALS", "LESS_THAN",
               "LESS_THAN_EQUALS", "IN", "IS_SUBSTRING"]  # fmt: skip

_ALWAYS = {"run_id", "display_name", "pipeline_id", "pipeline_version_id", "experiment_id", "recurring_run_id"}


class Swagger:
    """The specification in kfp_api.swagger.json."""

    def __init__(self) -> None:
        self.spec = json.loads(FILE.read_text())
        self.responses = self._registry(_strict(self.spec, lenient=False))
        self.requests = self._registry(_strict(self.spec, lenient=True))
        self.paths = []
        for template, methods in self.spec["paths"].items():
            pattern = re.sub(r"\\{[^}]*\\}", "([^/:]+)", re.escape(template).replace("\\:", ":"))
            self.paths.append((re.compile(pattern), template, methods))
        # Literal paths before those with a placeholder: /pipelines/upload_version is not the ID of a pipeline.
        self.paths.sort(key=lambda entry: entry[1].count("{"))

    @staticmethod
    def _registry(spec):
        from referencing.jsonschema import DRAFT4

        return referencing.Registry().with_resource(
            "urn:kfp", referencing.Resource(contents=spec, specification=DRAFT4)
        )

    def operation(self, method, path):
        for pattern, _, methods in self.paths:
            if pattern.fullmatch(path) and method.lower() in methods:
                return methods[method.lower()]
        return None

    def request_faults(self, method, url, kind, body):
        """Returns the violations of a request."""
        parts = urlsplit(url)
        operation = self.operation(method, parts.path)
        if operation is None:
            return [f"{method} {parts.path}: no such operation"]
        known = {p["name"]: p for p in operation.get("parameters", [])}
        faults = []
        for name, value in parse_qsl(parts.query):
            if known.get(name, {}).get("in") != "query":
                faults.append(f"{method} {parts.path}: no query parameter {name}")
            elif known[name]["type"] == "integer" and not value.isdigit():
                faults.append(f"{method} {parts.path}: {name}={value} is not an integer")
            elif name == "filter":
                faults += self._faults({"$ref": "#/definitions/v2beta1Filter"}, _plain_filter(value), self.requests)
        for parameter in known.values():
            if parameter["in"] == "body":
                if "json" not in kind:
                    faults.append(f"{method} {parts.path}: the body is {kind}")
                else:
                    faults += self._faults(parameter["schema"], json.loads(body), self.requests)
            elif parameter["in"] == "formData" and f'name="{parameter["name"]}"'.encode() not in body:
                faults.append(f"{method} {parts.path}: no form field {parameter['name']}")
        return [f"{method} {parts.path}: {fault}" for fault in faults]

    def response_faults(self, method, path, status, response):
        """Returns the violations of a response."""
        responses = self.operation(method, path)["responses"]
        schema = (responses.get(str(status)) or responses["default"])["schema"]
        return [f"{method} {path} -> {fault}" for fault in self._faults(schema, response, self.responses)]

    @staticmethod
    def _faults(schema, value, registry):
        schema = json.loads(json.dumps(_strict(schema, lenient=False)).replace('"#/def', '"urn:kfp#/def'))
        validator = jsonschema.Draft4Validator(
            schema, registry=registry, format_checker=jsonschema.FormatChecker(["date-time"])
        )
        return [f"{'.'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in validator.iter_errors(value)]

    def random_value(self, schema, random, depth=0):
        """Returns a value that a schema allows, without some of the optional fields."""
        if "$ref" in schema:
            return self.random_value(self.spec["definitions"][schema["$ref"].rpartition("/")[2]], random, depth + 1)
        kind = schema.get("type")
        if "enum" in schema:
            return random.choice(schema["enum"])
        if kind == "array":
            return [
                self.random_value(schema["items"], random, depth + 1)
                for _ in range(random.choice([0, 1, 3]) if depth < 6 else 0)
            ]
        if kind == "integer":
            return random.randrange(1000)
        if kind == "boolean":
            return random.random() < 0.5
        if kind == "string":
            return self._random_text(schema, random)
        fields = schema.get("properties", {})
        chosen = {name: field for name, field in fields.items() if name in _ALWAYS or random.random() < 0.6}
        made = {name: self.random_value(field, random, depth + 1) for name, field in chosen.items()}
        return {name: value or "x" if name in _ALWAYS else value for name, value in made.items()}

    @staticmethod
    def _random_text(schema, random):
        formats = {
            "date-time": random.choice(["1970-01-01T00:00:00Z", "2026-02-28T23:59:59.123456Z", "2027-01-01T00:00:00Z"]),
            "int64": str(random.randrange(10**9)),
            "byte": "aGVsbG8=",
        }
        return formats.get(schema.get("format", ""), random.choice(["", "Trainer", "executor", "x-driver", "a b/ü"]))


def _strict(node, *, lenient):
    """Returns a copy that forbids unknown fields, as protobuf's JSON does.

    Lenient: an int64 may be a number, which protobuf also reads.
    """
    if isinstance(node, list):
        return [_strict(each, lenient=lenient) for each in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _strict(value, lenient=lenient) for key, value in node.items()}
    if copy.get("type") == "object" and isinstance(copy.get("properties"), dict):
        copy.setdefault("additionalProperties", False)
    if lenient and copy.get("format") == "int64":
        copy["type"] = ["string", "integer"]
    return copy


def _plain_filter(text):
    """Returns a filter in the form of the specification; protobuf's JSON also allows camelCase and enum numbers."""
    predicates = json.loads(text)["predicates"]
    plain = [{_CAMEL.sub(r"_\1", key).lower(): value for key, value in each.items()} for each in predicates]
    for each in plain:
        if isinstance(each.get("operation"), int):
            each["operation"] = _OPERATIONS[each["operation"]]
    return {"predicates": plain}
