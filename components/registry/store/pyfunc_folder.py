"""MLflow's pyfunc folder of a version: the unchanged SavedModel and the files with which MLflow serves it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from components.registry.errors import RegistryError
from components.registry.store import ner_pyfunc_loader
from components.registry.store.served_interface import input_example, mlflow_signature, model_contract

MODEL_ARTIFACT = "model"
"""Path of the pyfunc folder among the artifacts of the version's MLflow run."""

DATA_ARTIFACT = f"{MODEL_ARTIFACT}/data"
"""Path of the folder around the SavedModel."""


def write_pyfunc_folder(model_dir: Path, folder: Path) -> None:
    """Writes a pyfunc model whose data is a SavedModel.

    With a pyfunc model instead of plain files `mlflow models serve` works; it takes 0.25 s more for the sample model
    (measured) and imports no TensorFlow. `save_model` instead of `log_model`, because the latter writes to MLflow's
    process-wide tracking URI.

    A model with a serving contract gets MLflow's signature and an input example from it.

    Args:
        model_dir: the SavedModel.
        folder: folder to create; it must not exist. The SavedModel goes to `data/<name of model_dir>`.
    """
    from mlflow import pyfunc

    loader = Path(ner_pyfunc_loader.__file__)
    contract = model_contract(model_dir)
    pyfunc.save_model(
        str(folder),
        loader_module=loader.stem,
        data_path=str(model_dir),
        code_paths=[str(loader)],
        pip_requirements=_requirements(),
        signature=mlflow_signature(contract) if contract else None,
        input_example=_data_frame(input_example(contract)) if contract else None,
    )


def stored_model(downloaded: Path) -> Path:
    """Returns the SavedModel inside the contents of `DATA_ARTIFACT`.

    Raises:
        RegistryError: there is not exactly one folder, so `write_pyfunc_folder` did not write it.
    """
    folders = [path for path in downloaded.iterdir() if path.is_dir()]
    if len(folders) != 1:
        names = sorted(path.name for path in downloaded.iterdir())
        raise RegistryError(f"{downloaded}: holds {names} instead of one model folder. Register the model again.")
    return folders[0]


def _data_frame(columns: dict[str, Any] | None) -> Any:
    """Returns a pandas DataFrame, the form in which MLflow keeps the names of columns."""
    if columns is None:
        return None
    import pandas

    return pandas.DataFrame(columns)


def _requirements() -> list[str]:
    """Returns the requirement of the serving process: the installed TensorFlow, which is not imported."""
    try:
        return [f"tensorflow=={version('tensorflow')}"]
    except PackageNotFoundError:
        return ["tensorflow"]
