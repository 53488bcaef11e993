"""Helpers of the tests; `tests` is on the path (pyproject.toml)."""
