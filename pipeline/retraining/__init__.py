"""Retraining: the decision, the run, and the schedule.

Read `retrain` first. It runs what `plan` decides from the `facts` (new data, drift of requests, age, score). `outcome`
holds the results and their exit codes; `cron` runs retrainings at set times.
"""
