"""RegistryPusher: registers, promotes and publishes a blessed model.

Read `push` first: it holds all decisions and knows no TFX. `component` and `executor` connect it to TFX artifacts, and
`evaluation_summary` extracts the scores to register.
"""
