"""Storage of versions in MLflow.

Read `version` first (the data types), then `mlflow_store` (connection and lock) and `version_files` (upload, download,
verification). `readers` reads versions and aliases; `pyfunc_folder` and `served_interface` make a stored SavedModel
servable by MLflow, with `ner_pyfunc_loader` in the serving process.
"""
