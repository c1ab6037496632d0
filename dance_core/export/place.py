"""The folder that an export goes to: nothing but the export may be in it, since all of it may be published."""

from pathlib import Path

# Folders of tools that publish: git, and the client of the Hugging Face hub.
TOOLS = (".cache", ".git")


def export_place(folder: str | Path, target: str | Path, files: tuple[str, ...]) -> Path:
    """Check that a folder may be written to.

    Args:
        folder: Folder of the model.
        target: Folder to write to.
        files: Names that an export may have; older ones are written over.

    Returns:
        The target.

    Raises:
        ValueError: It is a file, the folder of the model itself, or holds something else.
    """
    target = Path(target)
    if target.exists() and not target.is_dir():
        raise ValueError(f"{target}: is a file, but a folder is needed for the export; give another --to")
    if target.resolve() == Path(folder).resolve():
        raise ValueError(f"{target}: is the model itself, which would be changed; give another --to")
    strange = (
        sorted(entry.name for entry in target.iterdir() if entry.name not in (*files, *TOOLS))
        if target.exists()
        else []
    )
    if strange:
        raise ValueError(
            f"{target}: holds '{strange[0]}', which is no part of an export and might be published with it; "
            "give an empty folder with --to"
        )
    return target
