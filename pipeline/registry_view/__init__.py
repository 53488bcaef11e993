"""Views of the registry for the command line.

`tables` prints versions, differences and history, `lineage` reads ML Metadata for `ner lineage`, `champion` finds the
champion's files, and `registry_ui` starts MLflow's web interface.
"""
