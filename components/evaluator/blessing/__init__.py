"""Blessing: the rules that decide whether a model may be pushed.

Read rule.py first (`BlessingRule`), then blessing.py (`decide`).
"""
