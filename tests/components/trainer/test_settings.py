"""Settings of the Trainer: values that follow from the size of the train split."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.trainer.settings import SizedSettings
from configs.loading import load_config


def test_small_train_splits_have_small_batches_all_epochs_and_a_smaller_share_of_the_network():
    sized = [load_config(None).trainer.for_windows(windows) for windows in (100, 1000, 10_000)]
    assert [one.batch_size for one in sized] == [8, 16, 32]
    assert [one.patience for one in sized] == [10, 10, 4]
    assert [one.cnn_linear.network_share for one in sized] == [0.2, 0.2, 0.35]
    assert [one.cnn_linear.linear_optimizer for one in sized] == ["lbfgs", "adam", "adam"]
    assert all(one.for_windows(7) == one for one in sized)


def test_the_eval_split_chooses_the_share_of_the_network_of_a_large_train_split_unless_it_is_set():
    automatic, configured = (
        load_config(None, [f"trainer.cnn_linear.network_share={share}"]).trainer for share in ("auto", "0.35")
    )
    assert [automatic.other_network_shares(windows) for windows in (2000, 2001)] == [(), (0.2,)]
    assert configured.other_network_shares(2001) == ()
    assert automatic.replace({"tagger": "transformer"}).other_network_shares(2001) == ()


def test_a_warm_start_keeps_a_larger_share_of_the_network():
    settings = load_config(None).trainer
    assert settings.for_windows(100, earlier_share=0.3).cnn_linear.network_share == 0.3
    assert settings.for_windows(9000, earlier_share=0.3).cnn_linear.network_share == 0.35


def test_the_linear_experts_of_an_earlier_model_go_on_with_adam():
    settings = load_config(None).trainer
    assert settings.for_windows(100, earlier_share=0.2).cnn_linear.linear_optimizer == "adam"
    chosen = load_config(None, ["trainer.cnn_linear.linear_optimizer=lbfgs"]).trainer
    assert chosen.for_windows(100, earlier_share=0.2).cnn_linear.linear_optimizer == "lbfgs"


def test_a_value_of_the_user_stays():
    changes = ["trainer.batch_size=5", "trainer.patience=2", "trainer.cnn_linear.network_share=0.5"]
    sized = load_config(None, changes).trainer.for_windows(100)
    assert (sized.batch_size, sized.patience, sized.cnn_linear.network_share) == (5, 2, 0.5)


def test_settings_of_a_known_size_have_no_automatic_value():
    with pytest.raises(ValidationError, match="batch_size"):
        SizedSettings.model_validate(load_config(None).trainer.model_dump())
