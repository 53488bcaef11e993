"""Packages of a model for TensorFlow Serving, Vertex AI, SageMaker and KServe.

Read `packaging` first (the function `package`), then one of the layouts `tf_serving`, `vertex`, `sagemaker`, `kserve`.
`prepare` copies the model; `requests` and `warmup` write requests; `readme` renders the templates.
"""
