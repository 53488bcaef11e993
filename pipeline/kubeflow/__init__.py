"""The pipeline on Kubeflow Pipelines and Vertex AI.

`compile` turns the pipeline into a file, `container` is the entry point of every node, and `client` uploads, runs and
schedules the file. docs/kubeflow.md shows the whole way; docs/kubeflow-incompatibilities.md lists what it works around.
"""
