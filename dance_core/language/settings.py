"""What can be set about the language model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dance_core.language.names import nearest_hint

SOURCES = ("recorded", "file", "endpoint", "vocabulary")
PRICED = ("prompt", "completion")


@dataclass(frozen=True)
class LanguageSettings:
    """Where the object and scene concepts of a class come from.

    Attributes:
        source: "recorded" (answers kept as JSON), "file" (the user's own YAML), "endpoint" (a language model behind an
            OpenAI-compatible server) or "vocabulary" (the shipped word lists, chosen from by the dual encoder).
        answers: recorded: folder with {name}.{family}.json; file: the YAML file.
        recorded: recorded: name in the file names; "" for that of the data set.
        name: Name of the data set.
        base_url: endpoint: address of the server up to and including /v1; nothing is sent while it is empty.
        model: endpoint: name of the model, as the server knows it.
        temperature: endpoint: randomness of the answers, at least 0.
        maximum_tokens: endpoint: longest answer, in tokens; models that reason aloud need more.
        timeout_s: endpoint: longest wait for one answer, in seconds.
        queries_per_class: endpoint: how often each question is asked; the answers are united.
        parallel_requests: endpoint: questions under way at once.
        api_key_variable: endpoint: environment variable that holds the key; servers without one need no variable.
        attempts: endpoint: how often one question is tried before the job fails.
        backoff_s: endpoint: wait after the first failure, in seconds; it doubles with every further one.
        cache: endpoint: folder that keeps every answer, so that a rerun asks nothing.
        price_per_million: endpoint: price of a million tokens of the "prompt" and of the "completion", in any currency;
            None where it is not known. It is only for the table of what was used.
        per_class: vocabulary: number of concepts chosen for each class and family.
    """

    source: str = "recorded"
    answers: str | Path = "data/answers"
    recorded: str = ""
    name: str = "demo"
    base_url: str = ""
    model: str = ""
    temperature: float = 0.2
    maximum_tokens: int = 512
    timeout_s: float = 60.0
    queries_per_class: int = 2
    parallel_requests: int = 4
    api_key_variable: str = "OPENAI_API_KEY"
    attempts: int = 5
    backoff_s: float = 1.0
    cache: str | Path = ".cache/language"
    price_per_million: Mapping[str, float | None] = field(default_factory=dict)
    per_class: int = 10

    def __post_init__(self) -> None:
        """Refuse values that no source can use.

        Raises:
            ValueError: The source is unknown, or a number is out of its bounds.
        """
        if self.source not in SOURCES:
            raise ValueError(
                f"language: source '{self.source}' is unknown{nearest_hint(self.source, SOURCES)}; "
                f"use one of {', '.join(SOURCES)}"
            )
        for name in ("maximum_tokens", "queries_per_class", "parallel_requests", "attempts", "per_class"):
            if getattr(self, name) < 1:
                raise ValueError(f"language: {name} is {getattr(self, name)}; it must be at least 1")
        for name, allowed in (("temperature", ">= 0"), ("backoff_s", ">= 0"), ("timeout_s", "> 0")):
            value = getattr(self, name)
            if value < 0 or (value == 0 and allowed == "> 0"):
                raise ValueError(f"language: {name} is {value}; it must be {allowed}")
        for part, price in self.price_per_million.items():
            if part not in PRICED or (price is not None and price < 0):
                raise ValueError(
                    f"language: price_per_million has {part}: {price}; use {' and '.join(PRICED)}, each >= 0 or null"
                )
