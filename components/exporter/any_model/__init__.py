"""Export of any Keras 3 model, with or without a tf.Transform graph and labels.

Read `export` first (`export_model`), then `module` (the exported graph), which combines `keras_interface` (calls the
model by names) and `label_lookup` (scores to labels). docs/exporting-any-model.md has examples.
"""
