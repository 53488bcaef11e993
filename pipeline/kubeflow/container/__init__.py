"""Entry point of every container, in place of TFX's own, with which no node runs on Kubeflow Pipelines 2.

Read `entry_point` first, then `component_run`, which calls the other modules in their order.
"""
