"""The pipeline on Kubeflow Pipelines and Vertex AI."""
