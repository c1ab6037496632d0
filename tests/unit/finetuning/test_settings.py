"""Settings of fine-tuning, and how wrong ones are refused."""

import pytest

from dance_core.finetuning.settings import FinetuneSettings


def test_the_learning_rate_is_scaled_to_the_batch():
    assert FinetuneSettings(learning_rate=1e-3, batch_size=64).peak_learning_rate == pytest.approx(2.5e-4)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sampling": "random"}, "finetuning: sampling 'random' is unknown; use one of: segment, dense"),
        ({"precision": "half"}, "finetuning: precision 'half' is unknown; use one of: float32, float16, bfloat16"),
        ({"repeats": 0}, "finetuning: repeats is 0; give at least 1"),
        ({"drop_path": 1.0}, "finetuning: drop_path is 1.0; give a probability from 0 to below 1"),
    ],
)
def test_a_wrong_setting_is_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        FinetuneSettings(**changes)
