"""Model card. Read model_card.py first (JSON, for programs), then card_markdown.py (for human readers and hubs)."""
