"""Model card as Markdown, with the front matter that model hubs read."""

from __future__ import annotations

import re
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from components.evaluator.blessing.blessing import blessing_basis
from components.reporter.card.serving_commands import serving_commands
from components.reporter.limits import limits
from components.reporter.model_facts import ModelFacts
from components.reporter.score_rows import metric_rows, slice_tables, type_rows

# Characters that are markup in CommonMark or in a table; names of types and slices come from the data.
_MARKUP = re.compile(r"([\\`*_\[\]<>|#~])")


def card_markdown(facts: ModelFacts) -> str:
    """Renders the model card for human readers.

    The front matter holds language, licence and scores in the form of Hugging Face's model cards.
    """
    environment = Environment(  # Markdown, not HTML: the filter `plain` escapes markup
        loader=PackageLoader("components.reporter", "templates"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "plain": _plain,
        "basis": blessing_basis,
        "estimate": lambda value: "–" if value is None or value.value is None else str(value),
        "count": lambda value: f"{value:,}",
    }
    return environment.get_template("model_card.md.j2").render(
        facts=facts,
        overall=facts.overall,
        front_matter=yaml.safe_dump(_front_matter(facts), sort_keys=False, allow_unicode=True),
        limits=limits(facts),
        metric_rows=metric_rows(facts.overall) if facts.overall else [],
        type_rows=type_rows(facts.evaluation),
        slice_tables=slice_tables(facts.evaluation),
        commands=serving_commands(facts),
    )


def _front_matter(facts: ModelFacts) -> dict[str, Any]:
    values: dict[str, Any] = {
        "language": list(facts.card.languages),
        "license": facts.card.license,
        "library_name": "tensorflow",
        "pipeline_tag": "token-classification",
    }
    if facts.overall:
        micro = facts.overall.candidate.entities.micro
        dataset = {
            "name": facts.card.data or "corpus of the run",
            "type": "unknown",
            "split": ", ".join(facts.evaluation.splits),
        }
        metrics = [
            {"type": name, "value": round(value.value, 4), "name": f"Entity {name}"}
            for name, value in (("precision", micro.precision), ("recall", micro.recall), ("f1", micro.f1))
            if value.value is not None
        ]
        task = {"type": "token-classification", "name": "Named entity recognition"}
        values["model-index"] = [
            {"name": facts.name, "results": [{"task": task, "dataset": dataset, "metrics": metrics}]}
        ]
    return {name: value for name, value in values.items() if value}


def _plain(value: object) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(str(value).split()))
