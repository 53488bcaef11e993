"""Emulator of Kubeflow Pipelines: runs a compiled pipeline on this machine as a cluster would.

It follows KFP's importer, driver and launcher: each container's command is a process that sees only its declared
inputs, and artifacts travel through an object store in a folder. `kfp.local` runs only components written as functions.

    PYTHONPATH=tests python -m support.kfp_emulator pipeline.yaml --put corpus=minio://mlpipeline/corpus

Not emulated: images, resources, volumes, secrets (environment variables are inherited), the cache, parallel tasks, the
waits between retries, and what our pipelines never compile: conditions, exit handlers, sub-DAGs, output parameters. A
pipeline that contains one of these is refused. Read `emulator` first, then `pipeline_file`, `driver` and `launcher`.
"""
