"""The `ner` command."""
