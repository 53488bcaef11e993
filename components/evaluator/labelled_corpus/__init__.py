"""Evaluation of any tagger on any labelled corpus (`ner evaluate --data`), without TensorFlow, TFX and Beam.

Read evaluation.py first (`evaluate_corpus`), then tagged_text.py: a tagger is a function, and its tokens are mapped to
those of the corpus. raw_text.py scores the same model on the text as people write it; changed_sentences.py lists what
differs from another model; result.py is the document.
"""
