"""Cleaning of sentences, and the report that accounts for every sentence, token and entity.

Read `sentence` first (the data), then `cleaner` (the repairs) and `report` (the counts). `report_folder` brings the
reports out of Beam.
"""
