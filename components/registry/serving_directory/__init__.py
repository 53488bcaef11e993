"""The directory that TensorFlow Serving reads.

Read `serving_directory` first (version folders and models.config), then `serving_sync`, which makes the directory
follow the registry. `serving_status` asks a running server which versions it has loaded.
"""
