"""RegistryPusher: registers, promotes and publishes a blessed model.

Read `push` first: it holds all decisions and knows no TFX. `gathering` collects the facts of a run to register from the
folders of its artifacts, with the scores from `evaluation_summary`. `component` and `executor` connect both to TFX.
"""
