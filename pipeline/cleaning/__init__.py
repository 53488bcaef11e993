"""Removal of old runs, models and leftovers from a work folder (`ner clean`).

Read `clean` first: it plans and removes. `run_artifacts` reads from ML Metadata which artifacts a run needs.
"""
