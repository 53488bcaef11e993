"""Entity types that an exported model can predict, from its vocabulary of tags."""

from __future__ import annotations

from pathlib import Path

from components.text.tags import is_valid_tag, split_tag

_LARGEST = 1_000_000  # bytes; a vocabulary of words may be larger


def known_types(folder: Path) -> frozenset[str] | None:
    r"""Returns the types of the tags in a SavedModel's assets; None if no asset is a list of tags.

    Reads the assets only: a model that looks tags up in other ways has an unknown vocabulary.

    Args:
        folder: the SavedModel.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> (folder / "assets").mkdir()
        >>> _ = (folder / "assets" / "tags.txt").write_text("[PAD]\nO\nB-PER\nI-PER\n")
        >>> sorted(known_types(folder))
        ['PER']
    """
    for asset in sorted((folder / "assets").glob("*")):
        if not asset.is_file() or asset.stat().st_size > _LARGEST:
            continue
        lines = asset.read_bytes().decode("utf-8", "replace").split("\n")
        # Special entries such as [PAD] are not tags.
        tags = {line for line in lines if line and not (line.startswith("[") and line.endswith("]"))}
        types = {split_tag(tag)[1] for tag in tags} - {""}
        if types and all(map(is_valid_tag, tags)):
            return frozenset(types)
    return None
