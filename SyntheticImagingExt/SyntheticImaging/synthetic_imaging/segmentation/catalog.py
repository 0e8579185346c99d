"""The models that are known, and those that lie in the user's folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..io.atomic import filling, staging
from .archive import open_archive
from .checks import Given
from .downloading import check_url, download
from .progress import Progress

if TYPE_CHECKING:
    from .model import Model

FOLDER_VARIABLE = "SYNTHETIC_IMAGING_MODELS"
"""Environment variable with the folder of the user's models."""

_RECORD, _MODEL = "record.json", "model.zip"
_KINDS = ("package", "nnunet", "monai", "onnx")


@dataclass(frozen=True)
class Entry:
    """A model of the catalog.

    structures: what it finds. license: of the weights. commercial: whether they may be used commercially; other
    licenses have to be agreed to. checksum: of the publisher, "sha256:…" or "sha1:…", "" where there is none: then the
    hash of the first download is kept. bytes: of the download, 0 where it is not known. orientation: how the
    publisher's own program turns images before nnU-Net sees them, which its plans do not say. installed: whether it is
    in the user's folder.
    """

    id: str
    name: str
    kind: str
    modality: str = ""
    structures: tuple[str, ...] = ()
    license: str = ""
    license_url: str = ""
    commercial: bool = True
    url: str = ""
    checksum: str = ""
    bytes: int = 0
    source: str = ""
    note: str = ""
    orientation: str = ""
    sha256: str = ""
    installed: bool = False


_SAVED = ("id", "name", "kind", "modality", "structures", "license", "license_url", "commercial", "url", "checksum",
          "bytes", "source", "note", "orientation", "sha256")  # fmt: skip


def models_folder() -> Path:
    """Where models are kept: $SYNTHETIC_IMAGING_MODELS, or a folder in the user's home."""
    given = os.environ.get(FOLDER_VARIABLE)
    return Path(given).expanduser() if given else Path.home() / ".synthetic-imaging" / "models"


class Catalog:
    """Shipped entries, and a folder with one subfolder per installed model. folder: None for the user's own."""

    def __init__(self, folder: str | PathLike | None = None):
        self.folder = Path(folder) if folder is not None else models_folder()

    def entries(self) -> list[Entry]:
        """All models by name; what is installed says so."""
        found = {entry.id: entry for entry in shipped()}
        found.update({entry.id: entry for entry in self._installed()})
        return sorted(found.values(), key=lambda entry: entry.name.lower())

    def entry(self, identity: str) -> Entry:
        """One model; InputError where there is none of that id."""
        for entry in self.entries():
            if entry.id == identity:
                return entry
        raise InputError(f"There is no model '{identity}'; 'models list' shows those that there are.")

    def open(self, identity: str) -> Model:
        """An installed model, after its hash was checked; InputError where it is not installed or was changed."""
        entry = self.entry(identity)
        if not entry.installed:
            raise InputError(f"The model '{identity}' is not on this computer yet; download it first.")
        path = self.folder / identity / _MODEL
        if _sha256(path) != entry.sha256:
            raise InputError(f"The file of the model '{identity}' was changed; remove the model and download it again.")
        return adapted(open_model(path), entry)

    def size_bytes(self, identity: str) -> int:
        """What a model takes on the disk, 0 where it is not installed."""
        return sum(path.stat().st_size for path in (self.folder / identity).glob("*") if path.is_file())

    def import_file(self, path: str | PathLike, identity: str = "") -> Entry:
        """Take a model from a folder or file into the user's folder; InputError where it cannot be run.

        identity: what it shall be called; by default what its card says.
        """
        path = Path(path).expanduser()
        card = open_model(path).card
        known = known_as(path)
        identity = identity or (known.id if known else _free_id(card.id or path.stem))
        _check_id(identity)
        entry = replace(known, id=identity) if known else _entry_of(identity, path)
        with staging(self.folder / identity) as folder:
            packed = folder / _MODEL
            _packed(path, packed)
            return self._take(entry, packed)

    def download(self, identity: str, agreed: bool = False) -> Generator[Progress, None, Entry]:
        """Load a model of the catalog, or one from an address; see ``downloading.download``.

        agreed: that the user agrees to a license that forbids commercial use. InputError otherwise.
        """
        if "://" in identity:
            entry = Entry(
                _free_id(identity.rpartition("/")[2].removesuffix(".zip")), identity, "", url=check_url(identity)
            )
        else:
            entry = self.entry(identity)
        if not entry.url:
            raise InputError(f"The model '{identity}' has no address to load it from; import its file.")
        if not entry.commercial and not agreed:
            raise InputError(
                f"'{entry.name}' may not be used commercially ({entry.license}, {entry.license_url}); say "
                "that you agree, if you do."
            )
        file = self.folder / ".downloads" / f"{entry.id}.zip"
        digest = yield from download(entry.url, file, entry.checksum)
        if entry.sha256 and entry.sha256 != digest and not entry.checksum:
            raise InputError(
                f"'{entry.url}' holds another file than at the first download; the publisher gives no checksum, so it "
                "is not known which one is right. Remove the model first if you want the new one."
            )
        yield Progress("Reading the model", 0)
        try:
            found = _entry_of(entry.id, file)
        except InputError:
            file.unlink()
            raise
        if entry.name == entry.url:
            entry = replace(found, url=entry.url)
        return self._take(entry, file)

    def remove(self, identity: str) -> int:
        """Delete an installed model; the bytes that became free. InputError where it is not installed."""
        _check_id(identity)
        size = self.size_bytes(identity)
        if not size:
            raise InputError(f"The model '{identity}' is not on this computer.")
        shutil.rmtree(self.folder / identity)
        return size

    def _take(self, entry: Entry, packed: Path) -> Entry:
        """Move a file into the folder of its model."""
        entry = replace(entry, sha256=_sha256(packed), bytes=packed.stat().st_size)
        place = self.folder / entry.id
        record = {name: value for name, value in asdict(entry).items() if name in _SAVED}
        with filling(place, _RECORD) as folder:
            (folder / _RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
            os.replace(packed, folder / _MODEL)
        return replace(entry, installed=True)

    def _installed(self) -> list[Entry]:
        found = []
        for record in sorted(self.folder.glob(f"*/{_RECORD}")):
            if not (record.parent / _MODEL).is_file():
                continue
            try:
                data = json.loads(record.read_text(encoding="utf-8"))
                entry = _entry(Given(data, str(record)))
            except (ValueError, OSError):
                # a damaged record is a model that is not installed; the others stay usable
                continue
            if entry.id == record.parent.name:
                found.append(replace(entry, installed=True))
        return found


def find_model(name: str) -> Model:
    """A model of the catalog by its id, or of a folder or file; InputError where it cannot be run."""
    return open_model(name) if Path(name).expanduser().exists() else Catalog().open(name)


def fingerprint(name: str) -> str:
    """SHA-256 of the file of a model that ``find_model`` takes; "" for a folder."""
    path = Path(name).expanduser()
    if path.exists():
        return _sha256(path) if path.is_file() else ""
    return Catalog().entry(name).sha256


def open_model(path: str | PathLike) -> Model:
    """See ``opening.open_model``; a publisher's file is known again by its name, with what its plans do not say.

    The list of models alone needs no torch, so that it is loaded here.
    """
    from .opening import open_model as opened

    model, known = opened(path), known_as(path)
    return adapted(model, known) if known else model


def known_as(path: str | PathLike) -> Entry | None:
    """The shipped entry of a publisher's folder or file."""
    sources = _sources_of(Path(path).expanduser())
    return next((entry for entry in shipped() if entry.source in sources), None)


def shipped() -> list[Entry]:
    """The entries that come with the program."""
    text = resources.files(__package__).joinpath("catalog.json").read_text(encoding="utf-8")
    return [_entry(item) for item in Given(json.loads(text), "catalog.json")["models"].items()]


def _entry(given: Given) -> Entry:
    given.only(*_SAVED)

    def text(name: str) -> str:
        return given[name].text(5000) if given.get(name) is not None else ""

    return Entry(
        id=_check_id(given["id"].text(200, 1)),
        name=given["name"].text(500, 1),
        kind=given["kind"].choice(_KINDS),
        modality=text("modality"),
        structures=given["structures"].listed(lambda item: item.text(200, 1)) if given.get("structures") else (),
        license=text("license"),
        license_url=text("license_url"),
        commercial=given["commercial"].flag() if given.get("commercial") else True,
        url=text("url"),
        checksum=text("checksum"),
        bytes=given["bytes"].whole(0, 1 << 40) if given.get("bytes") else 0,
        source=text("source"),
        note=text("note"),
        orientation=text("orientation"),
        sha256=text("sha256"),
    )


def adapted(model: Model, entry: Entry) -> Model:
    """A model with what its catalog entry knows beyond its files."""
    if entry.orientation and not model.recipe.orientation:
        model.recipe = replace(model.recipe, orientation=entry.orientation)
    licenses = {**model.card.licenses, "weights": entry.license} if entry.license else model.card.licenses
    model.card = replace(model.card, id=entry.id, name=entry.name, licenses=licenses)
    return model


def _entry_of(identity: str, path: Path) -> Entry:
    model = open_model(path)
    card = model.card
    return Entry(
        id=identity,
        name=card.name,
        kind=card.kind,
        modality=next((name for name in model.recipe.modalities if name), ""),
        structures=tuple(label.name for label in model.labels),
        license=card.licenses.get("weights", ""),
        note=card.summary,
    )


def _sources_of(path: Path) -> set[str]:
    """Names of datasets in a model's files, as publishers give them: "Dataset291_TotalSegmentator_part1_organs"."""
    if path.suffix.lower() == ".onnx":
        return set()
    archive = open_archive(path)
    names = {name.split("/")[0] for name in archive.names if "/" in name}
    for name in archive.names:
        if name.rpartition("/")[2] == "plans.json" and isinstance(plans := archive.json(name), dict):
            names.add(str(plans.get("dataset_name")))
    return {name for name in names if name.startswith("Dataset")}


def _packed(path: Path, target: Path) -> None:
    """A model as one zip; weights are not compressed, which gains nothing."""
    if path.is_file() and path.suffix.lower() != ".onnx":
        shutil.copyfile(path, target)
        return
    if path.is_dir():
        archive = open_archive(path)
        files = {name: archive.read(name) for name in archive.names}
    else:
        # the description becomes that of a package
        files = {"package.json": path.with_suffix(".json").read_bytes(), path.name: path.read_bytes()}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)


def _free_id(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:100] or "model"


def _check_id(identity: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+([-_.][a-z0-9]+)*", identity):
        raise InputError(f"'{identity}' cannot name a model; use small letters and digits with hyphens between them.")
    return identity


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
