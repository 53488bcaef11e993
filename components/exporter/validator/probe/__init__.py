"""The part of the validator that runs in a separate process.

The process sees a SavedModel as a server does: it imports no other package of this project, no Keras and no Python
TensorFlow, only the C library and the protocol buffers of TensorFlow's wheel. Modules import each other relatively,
because the package is called `probe` there.

Read `main` first (requests and answers of the process), then `checks` (the list of checks in order), then the
`*_checks` modules. `pitfalls` holds the known mistakes; `served_model` and `saved_graph` load and parse a model.
"""
