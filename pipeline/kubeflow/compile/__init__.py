"""Compiler of the pipeline for Kubeflow Pipelines and Vertex AI.

Read `compiling` first, then `cluster_runner` (TFX's compiler) and `finalizing` (our corrections of its output).
"""
