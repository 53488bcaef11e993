"""SavedModel folders: writing, describing and changing them.

Read `exporting` first (a trained tagger becomes a SavedModel), then `add_signatures` (more signatures for any
SavedModel, planned by `signature_plan`, written by `rewriting`) and `inspecting`. `embedded_metadata` reads and writes
contract, provenance and manifest inside the folder; `scrub` and `input_names` edit single files; `explained_errors`
names the mistakes behind errors of TensorFlow.
"""
