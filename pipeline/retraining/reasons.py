"""Why to retrain."""

from __future__ import annotations

from datetime import timedelta

from configs.spec import RetrainSettings
from pipeline.retraining.facts import Facts

ENTITY_F1 = "entity_f1"


def reasons_to_retrain(facts: Facts, settings: RetrainSettings) -> tuple[str, ...]:
    """Names every reason there is.

    Args:
        facts: the state of things.
        settings: when the champion is too old, and how far its score may fall.

    Returns:
        A line a reason, new data first; none if there is no reason.
    """
    if facts.champion is None:
        return ("there is no champion yet",)
    found = [facts.new_data] if facts.new_data else []
    found += [f"requests drift: {drift}" for drift in facts.drifts]
    age = facts.now - facts.champion.created
    if settings.max_age_days is not None and age > timedelta(days=settings.max_age_days):
        days = f"{age / timedelta(days=1):.1f} days old, more than {settings.max_age_days:g}"
        found.append(f"the champion, version {facts.champion.version}, is {days}")
    registered = facts.champion.metrics.get(ENTITY_F1)
    if (
        facts.delayed_label_f1 is not None
        and registered is not None
        and registered - facts.delayed_label_f1 > settings.score_drop
    ):
        fell = f"from {registered:.3f} to {facts.delayed_label_f1:.3f}, by more than {settings.score_drop:g}"
        found.append(f"the champion's entity F1 fell {fell}")
    return tuple(found)
