"""Views of the registry for the command line.

`tables` prints versions, differences and history, `lineage` reads ML Metadata for `ner lineage`, `model_reference`
finds the files of the model that a user names, and `registry_ui` starts MLflow's web interface.
"""
