"""The part of the validator that runs in a process of its own.

It sees a SavedModel the way a server does: nothing of this project, no Keras and not even TensorFlow's Python package
is imported, only the C library that lies in TensorFlow's wheel and the protocol buffers beside it. Modules import each
other relatively, because in that process the package is called `probe`.
"""
