"""The catalog: what is shipped, and models imported, downloaded from a server on this computer, and removed."""

import hashlib
import http.server
import os
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import segmentation_models as models

from synthetic_imaging import segmentation
from synthetic_imaging.errors import InputError
from synthetic_imaging.segmentation import catalog as catalogs
from synthetic_imaging.segmentation import downloading
from synthetic_imaging.segmentation.catalog import Catalog, Entry
from synthetic_imaging.steps import finished


def test_shipped_entries_say_what_they_are():
    entries = catalogs.shipped()
    assert len({entry.id for entry in entries}) == len(entries) >= 15
    for entry in entries:
        assert entry.structures and entry.license and entry.license_url and entry.modality in ("CT", "MR")
        assert entry.url.startswith("https://") or (not entry.commercial and "import" in entry.note)
        if entry.kind == "nnunet":
            assert entry.orientation == "SAR", "the publisher's program turns images to R, A, S first"
    assert {entry.kind for entry in entries} == {"nnunet", "monai"}
    assert any(not entry.commercial for entry in entries)


@pytest.fixture
def package(tmp_path):
    return models.package(tmp_path / "tiny.zip")


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path / "models")


def test_import_open_and_remove(catalog, package):
    entry = catalog.import_file(package)
    assert entry.id == "tiny" and entry.installed and entry.structures == ("liver", "spleen")
    assert entry in Catalog(catalog.folder).entries()
    assert catalog.size_bytes("tiny") > package.stat().st_size
    volume = models.image()
    found, direct = (finished(model.segment([volume])).numpy()
                     for model in (catalog.open("tiny"), segmentation.open_model(package)))  # fmt: skip
    assert np.array_equal(found, direct)
    assert catalog.remove("tiny") > 0 and catalog.size_bytes("tiny") == 0
    with pytest.raises(InputError, match="no model 'tiny'"):
        catalog.open("tiny")
    with pytest.raises(InputError, match="not on this computer"):
        catalog.remove("tiny")
    assert package.exists(), "the file that was imported is the user's"


def test_folders_of_every_kind_are_imported(catalog, tmp_path):
    nnunet = models.nnunet_folder(tmp_path / "nnunet")
    bundle = models.bundle(tmp_path / "bundle")
    assert catalog.import_file(nnunet).kind == "nnunet" and catalog.import_file(bundle, "my-bundle").kind == "monai"
    assert catalog.open("my-bundle").card.id == "my-bundle"
    assert {entry.id for entry in catalog.entries() if entry.installed} == {"my-bundle", "dataset999-tiny-3d-fullres"}


def test_published_models_are_known_by_their_folder(catalog, tmp_path):
    """nnU-Net's plans do not say that TotalSegmentator turns images first; left and right depend on it."""
    folder = models.nnunet_folder(tmp_path / "model")
    inner = folder / "Dataset291_TotalSegmentator_part1_organs_1559subj"
    (folder / "Dataset999_Tiny").rename(inner)
    entry = catalog.import_file(folder)
    assert entry.id == "totalsegmentator-organs" and entry.license == "Apache-2.0"
    assert catalog.open(entry.id).recipe.orientation == "SAR"


@pytest.mark.parametrize("where", ["", "Dataset999_Tiny", "Dataset999_Tiny/nnUNetTrainer__nnUNetPlans__3d_fullres"])
def test_published_models_outside_the_catalog_turn_images_too(catalog, tmp_path, where):
    folder = models.nnunet_folder(tmp_path / "model")
    (plans,) = folder.glob("*/*/plans.json")
    models.edit_json(plans, lambda data: data.update(dataset_name="Dataset297_TotalSegmentator_total_3mm_1559subj"))
    for opened in (segmentation.open_model(folder / where), catalogs.find_model(str(folder / where))):
        assert opened.recipe.orientation == "SAR" and opened.card.id == "totalsegmentator-total-3mm"


def test_what_cannot_be_run_is_not_imported(catalog, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no model"):
        catalog.import_file(tmp_path / "empty")
    with pytest.raises(InputError, match="cannot name a model"):
        catalog.import_file(models.package(tmp_path / "tiny.zip"), "../tiny")
    assert not catalog.folder.exists() or not list(catalog.folder.iterdir())


def test_a_changed_file_is_not_opened(catalog, package):
    catalog.import_file(package)
    with open(catalog.folder / "tiny" / "model.zip", "ab") as file:
        file.write(b"x")
    with pytest.raises(InputError, match="was changed"):
        catalog.open("tiny")


def test_a_damaged_record_leaves_the_others(catalog, package):
    catalog.import_file(package)
    shutil.copytree(catalog.folder / "tiny", catalog.folder / "other")
    (catalog.folder / "other" / "record.json").write_text("{")
    assert [entry.id for entry in catalog.entries() if entry.installed] == ["tiny"]


# downloads, from a server on this computer


class Server(http.server.ThreadingHTTPServer):
    """Serves one file. breaks_at: bytes after which the connection is cut, once. ranges: whether it resumes."""

    def __init__(self, data: bytes):
        super().__init__(("127.0.0.1", 0), Handler)
        self.data, self.breaks_at, self.ranges, self.tag, self.asked, self.pause_s = data, None, True, '"1"', [], 0.0
        self.redirect = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/tiny.zip"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.asked.append(asked)
        if server.redirect:
            self.send_response(302)
            self.send_header("Location", server.redirect)
            self.end_headers()
            return
        if self.path != "/tiny.zip":
            self.send_error(404)
            return
        begin = 0
        if asked and server.ranges and self.headers.get("If-Range") == server.tag:
            begin = int(asked.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(server.data) - 1}/{len(server.data)}")
        self.send_header("Content-Length", str(len(server.data) - begin))
        self.send_header("ETag", server.tag)
        self.end_headers()
        data = server.data[begin:]
        if server.breaks_at is not None:
            data, server.breaks_at = data[: server.breaks_at], None
        for start in range(0, len(data), 2000):
            self.wfile.write(data[start : start + 2000])
            if server.pause_s:
                time.sleep(server.pause_s)


@pytest.fixture
def server(package):
    server = Server(package.read_bytes())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(downloading, "_PIECE", 2000)


def fetch(catalog, what, **options):
    return finished(catalog.download(what, **options))


def test_download_with_progress(catalog, server, small_pieces):
    steps, fractions = catalog.download(server.url), []
    try:
        while True:
            step = next(steps)
            if step.stage == "Downloading":
                fractions.append(step.fraction)
    except StopIteration as end:
        entry = end.value
    assert entry.id == "tiny" and entry.installed and entry.name == "Tiny"
    assert entry.sha256 == hashlib.sha256(server.data).hexdigest()
    assert len(fractions) > 3 and fractions == sorted(fractions) and fractions[-1] == 1
    assert catalog.open("tiny").labels
    assert not list((catalog.folder / ".downloads").iterdir())


def test_a_lost_connection_is_resumed(catalog, server, small_pieces):
    server.breaks_at = 5000
    with pytest.raises(InputError, match=r"was lost.*start the download again"):
        fetch(catalog, server.url)
    assert not [entry for entry in catalog.entries() if entry.installed]
    assert fetch(catalog, server.url).installed
    begin = int(server.asked[-1].removeprefix("bytes=").rstrip("-"))
    assert server.asked[0] is None and 0 < begin <= 5000


@pytest.mark.parametrize("change", ["no ranges", "other version"])
def test_what_cannot_be_resumed_begins_anew(catalog, server, small_pieces, change):
    server.breaks_at = 5000
    with pytest.raises(InputError):
        fetch(catalog, server.url)
    if change == "no ranges":
        server.ranges = False
    else:
        server.tag = '"2"'
    entry = fetch(catalog, server.url)
    assert entry.sha256 == hashlib.sha256(server.data).hexdigest()


def test_a_cancelled_download_leaves_no_model_and_can_go_on(catalog, server, small_pieces):
    steps = catalog.download(server.url)
    for step in steps:
        if step.fraction > 0.3:
            break
    steps.close()
    assert not [entry for entry in catalog.entries() if entry.installed]
    assert fetch(catalog, server.url).installed and server.asked[-1]


def known(monkeypatch, server, **changes):
    entry = Entry("tiny", "Tiny", "package", structures=("liver",), url=server.url, **changes)
    monkeypatch.setattr(catalogs, "shipped", lambda: [entry])
    return entry


@pytest.mark.parametrize("kind", ["sha256", "sha1"])
def test_checksums_of_the_publisher(catalog, server, monkeypatch, kind):
    known(monkeypatch, server, checksum=f"{kind}:{hashlib.new(kind, server.data).hexdigest()}")
    assert fetch(catalog, "tiny").installed
    catalog.remove("tiny")
    server.data += b"x"
    with pytest.raises(InputError, match=f"its {kind.upper()} differs"):
        fetch(catalog, "tiny")
    assert not list((catalog.folder / ".downloads").glob("*.zip*part"))


def test_without_a_checksum_the_first_hash_is_kept(catalog, server, monkeypatch, tmp_path):
    known(monkeypatch, server)
    fetch(catalog, "tiny")
    server.data = models.package(tmp_path / "other.zip", card=replace(models.CARD, version="1.0.1")).read_bytes()
    with pytest.raises(InputError, match="another file than at the first download"):
        fetch(catalog, "tiny")
    assert catalog.open("tiny").card.version == "1.0.0", "the old one is still there"


def test_licenses_that_forbid_commercial_use_are_agreed_to(catalog, server, monkeypatch):
    known(monkeypatch, server, commercial=False, license="CC BY-NC 4.0")
    with pytest.raises(InputError, match=r"may not be used commercially \(CC BY-NC 4\.0"):
        fetch(catalog, "tiny")
    assert not server.asked
    assert fetch(catalog, "tiny", agreed=True).installed


def test_addresses_that_are_not_safe_or_not_there(catalog, server):
    for url in ("http://example.com/model.zip", "ftp://127.0.0.1/x.zip", "file:///etc/passwd"):
        with pytest.raises(InputError, match="not an https address"):
            fetch(catalog, url)
    with pytest.raises(InputError, match="answered 404"):
        fetch(catalog, server.url.replace("tiny", "other"))
    server.redirect = "http://example.com/model.zip"
    with pytest.raises(InputError, match="not an https address"):
        fetch(catalog, server.url)
    with pytest.raises(InputError, match="was lost"):
        fetch(catalog, "http://127.0.0.1:9/tiny.zip")
    with pytest.raises(InputError, match="no address"):
        fetch(catalog, next(entry.id for entry in catalogs.shipped() if not entry.url), agreed=True)


def test_what_is_no_model_is_not_kept(catalog, server):
    server.data = b"<html>moved</html>"
    with pytest.raises(InputError, match="neither a folder nor a zip"):
        fetch(catalog, server.url)
    assert not [path for path in catalog.folder.rglob("*") if path.is_file()]


def test_a_full_disk_is_said_before(catalog, server, monkeypatch):
    usage = shutil.disk_usage(Path("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100))
    with pytest.raises(InputError, match="free some space"):
        fetch(catalog, server.url)


def test_two_at_once(catalog, server, small_pieces):
    first = catalog.download(server.url)
    while next(first).fraction == 0:
        pass
    with pytest.raises(InputError, match="being downloaded already"):
        fetch(catalog, server.url)
    first.close()
    assert fetch(catalog, server.url).installed


def test_the_lock_of_a_program_that_died_is_no_lock_for_ever(catalog, server):
    folder = catalog.folder / ".downloads"
    folder.mkdir(parents=True)
    lock = folder / "tiny.zip.lock"
    lock.touch()
    with pytest.raises(InputError, match="being downloaded already"):
        fetch(catalog, server.url)
    os.utime(lock, (time.time() - 1000,) * 2)
    assert fetch(catalog, server.url).installed


def test_the_folder_of_models_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHETIC_IMAGING_MODELS", str(tmp_path / "mine"))
    assert Catalog().folder == tmp_path / "mine"
