"""Result of an evaluation: the document `scores.json`, without TensorFlow.

Read evaluation.py first (`Evaluation`), then model_scores.py (`Scores` of one model); scores_file.py reads and writes
the document.
"""
