"""Checks of a pretrained encoder before a run."""

from __future__ import annotations

import importlib.util
import json

import pytest

from components.common.errors import NerError
from components.model.encoder_preset import check_preset, require_libraries

CHECKPOINT = {
    "config.json": {"model_type": "bert", "max_position_embeddings": 512},
    "tokenizer_config.json": {"do_lower_case": True},
    "vocab.txt": "",
    "model.safetensors": "",
}
PRESET = {
    "config.json": {"registered_name": "keras_hub>BertBackbone", "config": {"max_sequence_length": 64}},
    "tokenizer.json": {"registered_name": "keras_hub>BertTokenizer"},
    "assets/tokenizer/vocabulary.txt": "",
    "model.weights.h5": "",
}


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(folder)


@pytest.mark.parametrize("files", [CHECKPOINT, PRESET], ids=["checkpoint", "preset"])
def test_complete_folders_pass_and_each_file_is_missed_by_name(tmp_path, files):
    check_preset(write(tmp_path / "all", files), 62)
    for number, name in enumerate(files):
        folder = write(tmp_path / str(number), {other: files[other] for other in files if other != name})
        with pytest.raises(NerError, match=rf"^trainer\.encoder\.preset: {folder}: has no {name}.*\. Give a folder"):
            check_preset(folder, 62)


def test_the_preset_of_keras_hub_passes(tiny_preset):
    check_preset(tiny_preset, 62)
    require_libraries(tiny_preset)


@pytest.mark.parametrize(
    ("files", "change", "message"),
    [
        (CHECKPOINT, {"config.json": {"model_type": "roberta"}}, r"of the type 'roberta'\. Use BERT"),
        (CHECKPOINT, {"config.json": {"architecture": "vit"}}, "neither a keras-hub preset nor a Hugging Face"),
        (CHECKPOINT, {"config.json": "{"}, r"config\.json cannot be read"),
        (CHECKPOINT, {"config.json": "[]"}, r"config\.json is not an object"),
        (CHECKPOINT, {"tokenizer_config.json": {}}, r"no `do_lower_case`\. Add it"),
        (PRESET, {"tokenizer.json": {"registered_name": "keras_hub>RobertaTokenizer"}}, "has a RobertaTokenizer"),
    ],
)
def test_other_encoders_and_damaged_files_are_refused(tmp_path, files, change, message):
    with pytest.raises(NerError, match=message):
        check_preset(write(tmp_path, {**files, **change}), 62)


def test_weights_of_pytorch_are_refused_with_the_way_to_convert_them(tmp_path):
    others = {name: content for name, content in CHECKPOINT.items() if name != "model.safetensors"}
    with pytest.raises(NerError, match=r"weights in pytorch_model\.bin\. Write them as safetensors"):
        check_preset(write(tmp_path, {**others, "pytorch_model.bin": ""}), 62)


def test_a_window_beyond_the_positions_is_refused(tmp_path):
    with pytest.raises(NerError, match=r"trainer\.window_size: 511 tokens, .* Set it to 510 or less"):
        check_preset(write(tmp_path, CHECKPOINT), 511)


def test_a_folder_must_exist_and_names_are_not_looked_up(tmp_path):
    with pytest.raises(NerError, match="nowhere/model: does not exist"):
        check_preset("nowhere/model", 128)
    with pytest.raises(NerError, match="is a file"):
        check_preset(write(tmp_path, {"file": ""}) + "/file", 128)
    for name in ("bert_tiny_en_uncased", "hf://someone/model"):
        check_preset(name, 128)


def test_missing_libraries_are_named(tmp_path, monkeypatch):
    folder, installed = write(tmp_path, CHECKPOINT), {"keras_hub", "safetensors"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in installed else None)
    require_libraries(folder)
    installed.remove("safetensors")
    require_libraries("bert_tiny_en_uncased")
    with pytest.raises(NerError, match=r"needs safetensors, which is not installed\. Install the wheel"):
        require_libraries(folder)
    installed.remove("keras_hub")
    with pytest.raises(NerError, match=r"trainer\.tagger: needs the extra `encoder`"):
        require_libraries(folder)
