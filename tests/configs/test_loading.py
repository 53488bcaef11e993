"""Configuration: defaults, profiles, --set, and the errors for wrong values."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from configs.layers import ConfigError
from configs.loading import BASE, load_config


def profile(tmp_path, text):
    path = tmp_path / "profile.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_profile_in_the_repository_is_legal():
    profiles = [path for path in BASE.parent.glob("*.yaml") if path.stem not in ("base", "kubeflow", "vertex")]
    assert profiles
    for path in profiles:
        load_config(path)


def test_set_wins_over_profile_and_profile_over_base(tmp_path):
    path = profile(tmp_path, "trainer: {epochs: 7, seed: 3}")
    config = load_config(path, ["trainer.epochs=9"])
    base = yaml.safe_load(BASE.read_text(encoding="utf-8"))
    assert (config.trainer.epochs, config.trainer.seed) == (9, 3)
    assert config.trainer.batch_size == base["trainer"]["batch_size"]


def test_naming_forwarded_features_replaces_the_default_ones():
    assert load_config(None, ["exporter.forward={tax_rate: float32}"]).exporter.forward == {"tax_rate": "float32"}
    assert load_config(None, ["exporter.forward={}"]).exporter.forward == {}


def test_a_tagger_by_path_has_options_by_name():
    config = load_config(None, ["trainer.tagger=my_package.taggers:MyTagger", "trainer.options.width=3"])
    assert config.trainer.tagger_options == {"width": 3} == config.trainer.replace({}).tagger_options
    assert config.trainer["options.width"] == 3
    assert config.trainer.replace({"options.width": 4}).tagger_options == {"width": 4}
    assert config.trainer.selected()["options.width"] == 3
    assert not [name for name in config.trainer.selected() if name.startswith("cnn_linear")]
    assert config.trainer.tagger_package == "my_package"


def test_naming_a_search_space_replaces_the_default_one():
    assert load_config(None, ["tuner.space={learning_rate: [0.1]}"]).tuner.space == {"learning_rate": (0.1,)}


def test_the_transform_graph_is_told_of_pretrained_parts_of_the_chosen_tagger_only():
    vectors = "trainer.cnn_linear.vectors.path=glove.txt"
    assert load_config(None, ["trainer.tagger=cnn_linear"]).trainer.pretrained == {}
    assert load_config(None, ["trainer.tagger=transformer", vectors]).trainer.pretrained == {}
    chosen = load_config(None, ["trainer.tagger=cnn_linear", vectors, "trainer.cnn_linear.vectors.words=7"])
    assert chosen.trainer.pretrained == {"vectors": {"path": "glove.txt", "words": 7}}
    encoder = load_config(None, ["trainer.tagger=encoder", "trainer.encoder.preset=bert", vectors])
    assert encoder.trainer.pretrained == {"encoder": {"preset": "bert", "max_pieces": 8}}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("trainer.epochs=-1", "trainer.epochs: must be > 0, got -1"),
        ("evaluator.min_f1=1.5", "evaluator.min_f1: must be <= 1, got 1.5"),
        (
            "evaluator.rules=[{slice: source}]",
            "evaluator.rules.0: a rule needs bound, max_regression, min_gain or",
        ),
        ("evaluator.rules=[{metric: f1, bound: 0.5}]", "evaluator.rules: 'f1' is not a metric. Use one of"),
        ("evaluator.rules=[{bound: 60}]", "evaluator.rules.0.bound: must be <= 1, got 60"),
        ("evaluator.sentence_length=[10, 5]", "evaluator.sentence_length: must rise from one number to the next"),
        ("trainer.epoch=3", "trainer.epoch: is not a setting; did you mean trainer.epochs?"),
        ("trainer.dilations=[1]", "trainer.dilations: is not a setting; did you mean trainer.cnn_linear.dilations?"),
        ("evaluator.metrics={mine: f}", "evaluator.metrics.mine: must be a path such as my_package.my_module:my_f"),
        ("typo=1", "typo: is not a setting; known are name,"),
        ("corpus.format=conll", "corpus.format: conll files have the format columns"),
        ("corpus.format=xml", "corpus.format: must be one of 'auto', 'columns', 'tsv', "),
        ("trainer.epochs=true", "trainer.epochs: must be a number, got true"),
        ("trainer.batch_size=false", "trainer.batch_size: must be a number, got false"),
        ("trainer.cnn_linear.dilations=[1, true]", "trainer.cnn_linear.dilations.1: must be a number, got true"),
        ("trainer.cnn_linear.dilations=[]", "trainer.cnn_linear.dilations: must have 1 value or more, got []"),
        ("exporter.forward={a b: string}", "exporter.forward: the name `a b` must be a letter, then letters, digits"),
        ("exporter.forward={class: string}", "exporter.forward: the name `class` must be a letter, then letters"),
        ("trainer.batch_size=many", "trainer.batch_size: must be a whole number, got 'many'"),
        ("trainer.learning_rate=.inf", "trainer.learning_rate: must be a finite number, got inf"),
        ("trainer.cnn_linear=3", "trainer.cnn_linear: must be a section of settings, got 3"),
        ("evaluator.slices=source", "evaluator.slices: must be a list, got 'source'. Write [source]"),
        (
            "transform.gazetteers=x",
            "transform.gazetteers: must be a list of sections with the settings path, type, case, endings, got 'x'",
        ),
        ("transform.gazetteers={path: x, type: A}", "must be a list, got {'path': 'x', 'type': 'A'}. Write [{path: x"),
        ("transform.gazetteers=[x]", "transform.gazetteers.0: must be a section with the settings path, type, case"),
        ("evaluator.rules=[f1]", "evaluator.rules.0: must be a section with the settings metric, slice, bound"),
        ("corpus.token_column=word", "corpus.token_column: must be a whole number, got 'word'. Columns count from 0"),
        ("evaluator.metrics={1: 'm:f'}", "evaluator.metrics.1: must be text, got 1"),
        ("exporter.signatures={a b: 'm:f'}", "exporter.signatures: the name `a b` must be a letter, then"),
        ("trainer.window_context=64", "trainer: window_size must be more than twice window_context (64)"),
        ("trainer.transformer.num_heads=3", "trainer.transformer: embed_dim must be a multiple of num_heads"),
        ("trainer.tagger=bert", "trainer.tagger: must be cnn_linear, transformer, encoder or the path of a class such"),
        ("trainer.options={width: 3}", "trainer.options: only for a tagger by path; set trainer.cnn_linear.* for"),
        ("trainer.tagger=encoder", "trainer: tagger encoder needs trainer.encoder.preset"),
        ("trainer={tagger: encoder, encoder: {preset: x}, jit_compile: true}", "set jit_compile to false"),
        ("trainer.cnn_linear.vectors.words=-1", "trainer.cnn_linear.vectors.words: must be >= 0, got -1"),
        ("transform.gazetteers=[{path: x, type: 'a b'}]", "transform.gazetteers.0.type: must be letters"),
        (
            "transform.gazetteers=[{path: x, type: A, endings: [OM]}]",
            "endings: 'OM' is not the ending of a word in lower",
        ),
        ("transform.gazetteers=[{path: x, type: A, endings: [a b]}]", "endings: 'a b' is not the ending of a word"),
        ("transform.gazetteers=[{path: x, type: A, case: any}]", "case: must be one of 'folded' or 'exact', got 'any'"),
        ("tuner.space={learning_rate: [0.1, -1]}", "tuner.space: learning_rate cannot be -1: "),
        ("tuner.space={cnn_linear.dropout: [2]}", "tuner.space: cnn_linear.dropout cannot be 2: "),
        ("tuner.space={window_size: [8]}", "window_size cannot be 8: window_size must be more than twice"),
        ("tuner.space={cnn_linear.depth: [2]}", "cnn_linear.depth is not a trainer setting that a search can"),
        ("tuner.space={cnn_linear.vectors: [2]}", "cnn_linear.vectors is not a trainer setting that a search can"),
        ("tuner.space={epochs: [2]}", "epochs is not a trainer setting that a search can change"),
        ("tuner.space={hosts: [2]}", "hosts is not a trainer setting that a search can change"),
        (
            "tuner.space={cnn_linear.vectors.words: [9]}",
            "cnn_linear.vectors.words is not a trainer setting that a search",
        ),
        ("tuner.space={batch_size: [auto, 8]}", "batch_size cannot be 'auto': only the configured value can"),
        ("tuner.space={learning_rate: []}", "tuner.space.learning_rate:"),
        ("tuner.space=all", "tuner.space: must be one of 'auto', got 'all'"),
        ("tuner.minutes=0", "tuner.minutes: must be > 0, got 0"),
        ("exporter.forward={tags: string}", "exporter.forward: `tags` is already an input or output of the model"),
        ("exporter.pad=O", "exporter.pad: is a tag; choose a text that is not, such as [PAD], got 'O'"),
        (
            "corpus.outside=B-X",
            "corpus.outside: is the tag of an entity; give the label of tokens outside entities, got",
        ),
        ("trainer.seed=4294967296", "trainer.seed: must be <= 4294967295, got 4294967296"),
        ("trainer.epochs=9999999999", "trainer.epochs: must be <= 2147483647, got 9999999999"),
        ("trainer.batch_size=9999999999", "trainer.batch_size: must be <= 2147483647, got 9999999999"),
        ("trainer.window_size=99999999999999999999999", "trainer.window_size: must be <= 2147483647, got 9999"),
        ("trainer.hosts=9999999999", "trainer.hosts: must be <= 2147483647, got 9999999999"),
        ("exporter.max_characters=9999999999", "exporter.max_characters: must be <= 2147483647, got 9999999999"),
        ("evaluator.bootstrap=9999999999", "evaluator.bootstrap: must be <= 2147483647, got 9999999999"),
        ("exporter.min_score=1.5", "exporter.min_score: must be <= 1, got 1.5"),
        ("exporter.min_score={PER: -1}", "exporter.min_score.PER: must be >= 0, got -1"),
        ("exporter.min_score=low", "exporter.min_score: must be a number, got 'low'"),
        ("name=a/b", "name: must be letters, digits, ., _ and -, with a letter or digit first, got 'a/b'"),
    ],
)
def test_wrong_values_are_named_with_the_rule_and_what_was_found(setting, message):
    with pytest.raises(ConfigError) as caught:
        load_config(None, [setting])
    assert message in str(caught.value)


def test_gazetteers_need_a_tagger_that_reads_them():
    gazetteers = "transform.gazetteers=[{path: cities.txt, type: CITY}]"
    assert load_config(None, [gazetteers]).transform.gazetteers[0].case == "folded"
    with pytest.raises(ConfigError, match=r"transform\.gazetteers: the tagger transformer does not read them; use"):
        load_config(None, [gazetteers, "trainer.tagger=transformer"])


def test_all_wrong_values_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        load_config(None, ["trainer.epochs=0", "corpus.on_error=maybe"])
    assert str(caught.value).count("\n  ") == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1,\nb: 2", r":2: is not YAML \(expected ',' or '\]', but got '<stream end>'\)\. Correct it"),
        ("- a", "must be a mapping"),
        ("name: x\ntrainer:\n  epochs: 1\n  epochs: 2", r":4: is not YAML \(`epochs` occurs twice\)"),
        ("a: &a [*a]", "an alias refers to itself"),
        ("\xff: \x00", "is not YAML"),
    ],
)
def test_a_broken_profile_is_named(tmp_path, text, message):
    path = profile(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_profile_changes_nothing(tmp_path):
    assert load_config(profile(tmp_path, "# trainer:\n")) == load_config(None)


def test_a_missing_profile_is_named():
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        load_config(Path("nowhere.yaml"))


@pytest.mark.parametrize("setting", ["trainer.epochs", "=3", "trainer..epochs=3"])
def test_set_without_key_or_value_says_how_to_write_it(setting):
    with pytest.raises(ConfigError, match=r"--set: takes section\.key=value"):
        load_config(None, [setting])


@pytest.mark.parametrize("layer", ["profile", "set"])
@pytest.mark.parametrize(
    ("setting", "address", "place"),
    [
        ("registry.uri", "http://me:hidden@mlflow:5000", "MLFLOW_TRACKING_PASSWORD"),
        ("registry.uri", "postgresql://me:hidden@host/registry", "PGPASSWORD"),
        ("corpus.path", "s3://key:hidden@bucket/corpus", "AWS_SECRET_ACCESS_KEY"),
        ("corpus.path", "https://host/corpus?token=hidden", "NETRC"),
        ("drift.requests", "https://host/log?X-Amz-Signature=hidden", "NETRC"),
        ("trainer.encoder.preset", "hf://me:hidden@model", "HF_TOKEN"),
        ("beam.args", "[--s3_secret_access_key=hidden]", "AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_a_password_in_any_layer_is_refused_with_its_place_and_not_shown(tmp_path, layer, setting, address, place):
    profile, settings = None, [f"{setting}={address}"]
    if layer == "profile":
        section, _, key = setting.rpartition(".")
        inner = f"{{{key}: {address}}}" if address.startswith("[") else f'{{{key}: "{address}"}}'
        for part in reversed(section.split(".")):
            inner = f"{{{part}: {inner}}}"
        profile, settings = tmp_path / "profile.yaml", []
        profile.write_text(inner)
    with pytest.raises(ConfigError, match=rf"{setting}: the address holds a password or token.*{place}") as caught:
        load_config(profile, settings)
    assert "hidden" not in str(caught.value)


def test_a_password_in_a_setting_of_the_wrong_form_is_not_shown():
    with pytest.raises(ConfigError) as caught:
        load_config(None, ["http://me:hidden@mlflow:5000"])
    assert "hidden" not in str(caught.value)


def test_an_unknown_runner_of_beam_is_named_with_the_nearest():
    for runner, message in (
        ("FlnkRunner", r"beam\.args: --runner=FlnkRunner: Beam has no such runner; did you mean FlinkRunner\?"),
        ("Mainframe", "known are BundleBasedDirectRunner, DataflowRunner"),
    ):
        for arguments in (f"[--runner={runner}]", f"[--runner, {runner}]"):
            with pytest.raises(ConfigError, match=message):
                load_config(None, [f"beam.args={arguments}"])
    for runner in ("prism", "flinkrunner", "DirectRunner", "my_package.runners.Own"):
        beam = load_config(None, [f"beam.args=[--runner={runner}, --streaming]"]).beam
        assert (beam.value("--runner"), beam.value("--job_endpoint")) == (runner, "")


@pytest.mark.extended
def test_the_runners_are_those_of_beam():
    from apache_beam.runners.runner import _RUNNER_MAP

    from configs.spec import RUNNERS

    assert {runner.lower() for runner in RUNNERS} >= set(_RUNNER_MAP)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("corpus.span", 202611301200), ("corpus.max_unpacked_bytes", 10**12), ("trainer.seed", 4294967295),
    ],
)  # fmt: skip
def test_dates_bytes_and_seeds_may_exceed_the_largest_count(setting, value):
    section, name = setting.split(".")
    assert getattr(getattr(load_config(None, [f"{setting}={value}"]), section), name) == value
