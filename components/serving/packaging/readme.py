"""Rendering of the packages' READMEs from `templates/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from components.serving.packaging.prepare import PreparedModel
from components.serving.packaging.settings import PackageSettings


def write_readme(stage: Path, target: str, settings: PackageSettings, model: PreparedModel, **values: Any) -> None:
    """Writes README.md from the template of a server.

    Args:
        stage: folder of the package.
        target: name of the template.
        settings: of the package.
        model: the first model of the package.
        values: further variables of the template.
    """
    environment = Environment(
        loader=PackageLoader("components.serving.packaging", "templates"),
        autoescape=False,  # Markdown
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.get_template(f"{target}.md.j2").render(settings=settings, model=model, **values)
    (stage / "README.md").write_text(text, encoding="utf-8")
