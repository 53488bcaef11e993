"""Storage of versions in MLflow.

Read `version` first (the data types), then `mlflow_store` (connection and lock) and `version_files` (upload, download,
verification). `readers` reads versions and aliases, `pipeline_runs` records runs, `mlflow_entities` converts to
MLflow's types, and `location` finds the files of a moved registry. `pyfunc_folder` and `served_interface` make a stored
SavedModel servable by MLflow, with `ner_pyfunc_loader` in the serving process.
"""
