"""Runs a compiled pipeline on this machine as Kubeflow Pipelines would run it on a cluster.

`kfp.local` does not serve: it runs only components written as Python functions, and knows neither TFX's conditions nor
the ways of the launcher with object stores, which are what breaks pipelines of TFX on a cluster.
"""
