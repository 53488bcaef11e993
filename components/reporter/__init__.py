"""Reporter: writes the report and the model card of a trained model.

Read component.py first (inputs and outputs), then model_facts.py: the executor gathers `ModelFacts`, from which page/
and card/ render. limits.py and score_rows.py serve both.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "CardSettings": "settings",
        "ModelFacts": "model_facts",
        "ReportError": "errors",
        "Reporter": "component",
        "insert_run": "page.run_section",
        "model_card": "card.model_card",
        "render_page": "page.page",
    },
)
