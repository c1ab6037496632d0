"""Fetching an encoder from a hub: what is right is kept and noted, what goes wrong is one sentence with its cure."""

import hashlib
import json
from dataclasses import replace

import pytest

from dance_core.networks.encoder_registry import encoder_registry
from dance_core.networks.hub import fetch, fetch_encoder
from tests.unit.networks.local_hub import LocalHub, running

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b"{}",
    "preprocessor_config.json": b'{"size": 224}',
    "model.safetensors": b"weights" * 50_000,
    "tokenizer.json": b"[]",
}
ENTRY = replace(
    encoder_registry()["videomae-base"],
    name="tiny",
    hub="someone/tiny",
    revision=COMMIT,
    files=(
        {"config.json": None},
        {"video_preprocessor_config.json": None, "preprocessor_config.json": None},
        {"model.safetensors": None, "pytorch_model.bin": None},
    ),
    optional=("tokenizer.json", "vocab.txt"),
)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    return folder


@pytest.fixture
def hub(monkeypatch, cache):
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
    with running(LocalHub(COMMIT, dict(FILES), large=("model.safetensors",))) as server:
        yield server


def refusal(hub, tmp_path, entry=ENTRY, **options) -> str:
    with pytest.raises(ValueError) as error:
        fetch_encoder(entry, tmp_path / "tiny", endpoint=hub.endpoint, **options)
    assert not (tmp_path / "tiny").exists()
    return str(error.value)


def by_hand(tmp_path) -> str:
    return (
        "otherwise put config.json, video_preprocessor_config.json or preprocessor_config.json, model.safetensors or "
        f"pytorch_model.bin of https://huggingface.co/someone/tiny/tree/{COMMIT} into '{tmp_path / 'tiny'}' by hand"
    )


def test_the_needed_files_come_and_are_noted(hub, tmp_path):
    hub.files["README.md"] = b"not needed"
    fetch_encoder(ENTRY, tmp_path / "tiny", endpoint=hub.endpoint)
    found = {path.name: path.read_bytes() for path in (tmp_path / "tiny").iterdir()}
    noted = json.loads(found.pop("source.json"))
    assert found == FILES
    digests = {name: sha256(content) for name, content in FILES.items()}
    assert noted == {"hub": "someone/tiny", "commit": COMMIT, "files": digests}
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_an_alternative_is_taken_where_the_preferred_file_is_not_there(hub, tmp_path):
    hub.files["pytorch_model.bin"] = hub.files.pop("model.safetensors")
    fetch_encoder(ENTRY, tmp_path / "tiny", endpoint=hub.endpoint)
    assert (tmp_path / "tiny" / "pytorch_model.bin").is_file()


def test_a_file_that_is_nowhere(hub, tmp_path):
    del hub.files["model.safetensors"]
    assert refusal(hub, tmp_path) == (
        "weights 'tiny': model.safetensors or pytorch_model.bin of 'someone/tiny' at 0123456789ab… cannot be fetched "
        f"(the hub has no such file at this commit); {by_hand(tmp_path)}"
    )


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, "RepoNotFound", "the hub answers 401 or 404: the repository is private or gone; log in with 'hf auth"),
        (
            401,
            "",
            "the hub answers 401: it does not know the token; log in again with 'hf auth login', or unset HF_TOKEN",
        ),
        (403, "GatedRepo", "its owner asks for consent: accept the terms on its page and log in with 'hf auth login'"),
        (404, "RevisionNotFound", "the hub has no such commit"),
        (418, "", "the hub answers 418"),
    ],
)
def test_an_answer_that_is_no_file(hub, tmp_path, status, code, reason):
    hub.refusals["config.json"] = (status, code)
    sentence = refusal(hub, tmp_path)
    assert f"config.json of 'someone/tiny' at 0123456789ab… cannot be fetched ({reason}" in sentence
    assert sentence.endswith(by_hand(tmp_path))


def test_no_network(tmp_path, cache):
    nowhere = LocalHub(COMMIT, {}, endpoint="http://127.0.0.1:9")
    sentence = refusal(nowhere, tmp_path)
    assert "cannot be fetched (there is no connection to the hub, or it broke; a further run goes on" in sentence
    assert sentence.endswith(by_hand(tmp_path))


def test_offline_mode_asks_no_server(hub, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "cannot be fetched (HF_HUB_OFFLINE is set); otherwise put" in refusal(hub, tmp_path)
    assert hub.requests == []


def test_what_is_in_the_cache_needs_no_network(hub, tmp_path, monkeypatch):
    entry = replace(ENTRY, files=tuple({name: None} for name in FILES if name != "tokenizer.json"), optional=())
    fetch_encoder(entry, tmp_path / "first", endpoint=hub.endpoint)
    hub.requests.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    fetch_encoder(entry, tmp_path / "tiny", endpoint=hub.endpoint)
    assert hub.requests == []
    weights = [tmp_path / folder / "model.safetensors" for folder in ("first", "tiny")]
    assert weights[0].samefile(weights[1])
    assert (tmp_path / "tiny" / "source.json").read_text() == (tmp_path / "first" / "source.json").read_text()


def test_files_are_copied_where_there_are_no_links(hub, tmp_path, monkeypatch):
    def refused(self, target):
        raise OSError

    monkeypatch.setattr("pathlib.Path.hardlink_to", refused)
    fetch_encoder(ENTRY, tmp_path / "tiny", endpoint=hub.endpoint)
    assert (tmp_path / "tiny" / "model.safetensors").read_bytes() == FILES["model.safetensors"]


def test_a_cut_connection_leaves_nothing_half_and_goes_on_later(hub, tmp_path):
    hub.cut.add("model.safetensors")
    assert "there is no connection to the hub, or it broke" in refusal(hub, tmp_path)
    hub.cut.clear()
    fetch_encoder(ENTRY, tmp_path / "tiny", endpoint=hub.endpoint)
    assert (tmp_path / "tiny" / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    half = len(FILES["model.safetensors"]) // 2
    assert ("GET", "model.safetensors", f"bytes={half}-") in hub.requests


def test_content_that_the_hub_does_not_state(hub, tmp_path):
    hub.swapped["model.safetensors"] = b"strange" * 50_000
    expected = sha256(FILES["model.safetensors"])
    assert refusal(hub, tmp_path) == (
        f"weights 'tiny': model.safetensors has sha256 {sha256(b'strange' * 50_000)[:12]}… but {expected[:12]}… is "
        f"expected; it was deleted: run again, or put the right file into '{tmp_path / 'tiny'}' by hand"
    )
    hub.swapped.clear()
    fetch_encoder(ENTRY, tmp_path / "tiny", endpoint=hub.endpoint)
    assert (tmp_path / "tiny" / "model.safetensors").read_bytes() == FILES["model.safetensors"]


def test_a_small_file_is_checked_by_its_git_digest(hub, tmp_path):
    hub.swapped["config.json"] = b"[]"
    assert "config.json is not the file that the hub states (git object" in refusal(hub, tmp_path)


def test_a_file_that_the_registry_does_not_mean(hub, tmp_path):
    files = ({"config.json": sha256(b"other")}, *ENTRY.files[1:])
    sentence = refusal(hub, tmp_path, replace(ENTRY, files=files))
    assert f"config.json has sha256 {sha256(b'{}')[:12]}… but {sha256(b'other')[:12]}… is expected" in sentence


def test_a_commit_is_needed(hub, tmp_path):
    loose = replace(ENTRY, revision=None)
    assert "weights 'tiny' have no pinned commit; set the section's revision to one of" in refusal(hub, tmp_path, loose)
    assert "revision 'main' of 'tiny' is no commit; give its 40 digits" in refusal(hub, tmp_path, revision="main")
    assert "are pinned at 0123456789ab… but the settings ask for aaaaaaaaaaaa…; leave revision empty" in refusal(
        hub, tmp_path, revision="a" * 40
    )
    fetch_encoder(loose, tmp_path / "tiny", COMMIT, hub.endpoint)
    assert json.loads((tmp_path / "tiny" / "source.json").read_text())["commit"] == COMMIT


def test_files_that_no_hub_has_are_asked_for(hub, tmp_path):
    sentence = refusal(hub, tmp_path, encoder_registry()["videomae-base-authors"])
    assert sentence.startswith("weights 'videomae-base-authors' cannot be fetched; put checkpoint.pth into '")


def test_weights_are_fetched_by_name_wherever_they_are(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("dance_core.networks.hub.fetch_weights", lambda *arguments: calls.append(arguments))
    monkeypatch.setattr("dance_core.networks.hub.fetch_encoder", lambda *arguments: calls.append(arguments))
    fetch("minilm", tmp_path)
    fetch("videomae-base", tmp_path, COMMIT)
    assert calls == [("minilm", tmp_path), (encoder_registry()["videomae-base"], tmp_path, COMMIT)]


def test_weights_of_an_unknown_name(tmp_path):
    with pytest.raises(ValueError, match=r"weights 'videomae-bass' are unknown; did you mean 'videomae-base'\?"):
        fetch("videomae-bass", tmp_path)
    with pytest.raises(ValueError, match=r"weights 'zzz' are unknown; use one of: blazepose, .*videomae-base, "):
        fetch("zzz", tmp_path)
