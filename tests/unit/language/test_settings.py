import pytest

from dance_core.language.settings import LanguageSettings


def test_unknown_source_names_the_nearest():
    with pytest.raises(ValueError) as error:
        LanguageSettings(source="recordd")
    assert str(error.value) == (
        "language: source 'recordd' is unknown (did you mean 'recorded'?); "
        "use one of recorded, file, endpoint, vocabulary"
    )


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"queries_per_class": 0}, "language: queries_per_class is 0; it must be at least 1"),
        ({"attempts": 0}, "language: attempts is 0; it must be at least 1"),
        ({"maximum_tokens": 0}, "language: maximum_tokens is 0; it must be at least 1"),
        ({"parallel_requests": -1}, "language: parallel_requests is -1; it must be at least 1"),
        ({"per_class": 0}, "language: per_class is 0; it must be at least 1"),
        ({"temperature": -0.1}, "language: temperature is -0.1; it must be >= 0"),
        ({"backoff_s": -1}, "language: backoff_s is -1; it must be >= 0"),
        ({"timeout_s": 0}, "language: timeout_s is 0; it must be > 0"),
        (
            {"price_per_million": {"prompt": -1}},
            "language: price_per_million has prompt: -1; use prompt and completion, each >= 0 or null",
        ),
        (
            {"price_per_million": {"input": 1}},
            "language: price_per_million has input: 1; use prompt and completion, each >= 0 or null",
        ),
    ],
)
def test_values_out_of_bounds_are_refused(setting, sentence):
    with pytest.raises(ValueError) as error:
        LanguageSettings(**setting)
    assert str(error.value) == sentence
