"""A disk that takes only a part, and programs that are killed: old or new files, or a state that says it is neither."""

import json
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import segmentation_models as models
import tumor_bodies

from synthetic_imaging import evaluation, tumor
from synthetic_imaging.cli import main
from synthetic_imaging.errors import InputError
from synthetic_imaging.io import atomic, read_volume, write_volume
from synthetic_imaging.reading.design import Design
from synthetic_imaging.reading.report.export import write_exports
from synthetic_imaging.reading.statistics.analysis import analyze
from synthetic_imaging.reading.statistics.observers import observer_named, simulate
from synthetic_imaging.segmentation.catalog import Catalog
from synthetic_imaging.xray import Patient, Pose, Settings, View, render, write_image, write_pose
from synthetic_imaging.xray.mesh_files import write_stl
from synthetic_imaging.xray.shapes import kwire
from synthetic_imaging.xray.truth_files import write_truth

resource = pytest.importorskip("resource", reason="only POSIX systems limit the size of files")
ONE_IMAGE = ("nrrd", "nii", "nii.gz", "mha", "mhd", "png", "dcm")
OTHERS = ("series", "result", "truth", "pose", "tables", "exports", "model", "mesh")


@contextmanager
def no_file_longer_than(size: int):
    """The system takes no more of a file, as a full disk does; the write that comes to the limit is short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def files_in(folder) -> dict[str, bytes]:
    """Every file below a folder and what is in it, hidden ones too; folders without any are listed as well."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {name: path.read_bytes() if path.is_file() else b"" for name, path in found.items()}


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    """What is written, in two versions: a CT, results, X-ray images, tables, reads and a model."""
    ct, organ, _ = tumor_bodies.body(size_mm=48, ijk_to_ras=tumor_bodies.grid((2.0, 2.0, 2.5)))
    center = tuple(tumor_bodies.center_of(ct))
    case = tumor.Case(ct, organ, organ_name="liver")
    lesions = [tumor.Lesion(center_ras=center, radius_mm=radius) for radius in (5, 8)]
    views = [View.from_pose(Pose(lao, 0, 0, center), 1000, 600, 64, 64, (1.5, 1.5)) for lao in (0, 30)]
    reads = [simulate(observer_named("guessing"), 2, cases, 1) for cases in (6, 8)]
    packed = [tmp_path_factory.mktemp("models") / f"{name}.zip" for name in "ab"]
    for seed, path in enumerate(packed):
        models.package(path, weights=models.random_weights("PlainConvUNet", models.OWN, seed))
    return SimpleNamespace(
        cts=[ct, ct.like(ct.numpy()[::-1].copy())],
        organ=organ,
        composed=[composed(case, lesion) for lesion in lesions],
        views=views,
        images=[render(Patient(ct), view, Settings()) for view in views],
        compared=[{"a": evaluation.compare(organ, organ, lesions=numbers)} for numbers in ([1], [])],
        analyzed=[analyze(read, Design()) for read in reads],
        packed=packed,
    )


def composed(case: tumor.Case, lesion: tumor.Lesion) -> tumor.Composition:
    composition = tumor.Composition(case)
    composition.set_lesions([lesion])
    return composition


def write(things, what: str, folder, version: int):
    """Write one kind of thing into a folder, as people's programs do."""
    if what in ONE_IMAGE[:5]:
        write_volume(folder / f"a.{what}", things.cts[version])
    elif what in ONE_IMAGE:
        write_image(folder / f"a.{what}", things.images[version])
    elif what == "series":
        write_volume(folder / f"series{version}", things.cts[version])
    elif what == "result":
        tumor.save(folder / "result", things.composed[version])
    elif what == "truth":
        write_truth(folder / "truth", things.views[version], things.organ)
    elif what == "pose":
        write_pose(folder / "pose.json", things.views[version])
    elif what == "mesh":
        write_stl(folder / "wire.stl", kwire((0, 0, 0), (1, 0, 0), 80 + version, 6))
    elif what == "tables":
        measures = evaluation.Measures()
        evaluation.write_tables(folder / "t.csv", evaluation.tables(things.compared[version], measures), measures)
    elif what == "exports":
        write_exports(folder / "reads", things.analyzed[version])
    elif what == "model":
        Catalog(folder / "models").import_file(things.packed[version], "tiny")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("what", [*ONE_IMAGE, *OTHERS])
def test_a_disk_that_takes_a_part_leaves_what_was_there(things, tmp_path, what):
    """Wherever it breaks off, within the last bytes too: a sentence, and the old files as they were."""
    write(things, what, tmp_path / "whole", 1)
    longest = max(map(len, files_in(tmp_path / "whole").values()))
    varies = 200 if what in ("dcm", "series") else 1  # identifiers are of different lengths
    for size in sorted({0, longest // 3, longest * 9 // 10, *(longest - varies - n for n in (0, 3, 4, 8))}):
        folder = tmp_path / str(size)
        write(things, what, folder, 0)
        before = files_in(folder)
        with no_file_longer_than(size), pytest.raises(InputError, match=r"could not be written.*Nothing was changed"):
            write(things, what, folder, 1)
        assert files_in(folder) == before
    write(things, what, folder, 1)
    now, whole = files_in(folder), files_in(tmp_path / "whole")
    assert now.keys() - whole.keys() <= (set(before) if what == "series" else set())
    assert varies > 1 or now == whole, "nothing of the old files is left among the new ones"


def test_what_the_disk_took_otherwise_is_noticed(things, tmp_path, monkeypatch):
    """A file of the right length with a wrong byte, and one whose checksum alone is cut off."""
    from synthetic_imaging.io import checked

    written = checked.sitk.WriteImage
    for suffix in ("nrrd", "nii", "nii.gz", "mha", "mhd"):
        for spoil in (lambda data: data[:-3], lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]):

            def spoiled(image, path, *rest, spoil=spoil):
                written(image, path, *rest)
                target = Path(path.replace(".mhd", ".zraw"))
                target.write_bytes(spoil(target.read_bytes()))

            monkeypatch.setattr(checked.sitk, "WriteImage", spoiled)
            with pytest.raises(InputError, match="cut short"):
                write_volume(tmp_path / f"a.{suffix}", things.cts[0])
            assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["{}.nrrd", "{}.mhd", "{}.nii.gz", "{}"])
def test_a_name_that_is_too_long(things, tmp_path, name):
    with pytest.raises(InputError, match=r"File name too long\. Choose a shorter one"):
        write_volume(tmp_path / name.format("n" * 300), things.cts[0])
    assert not any(tmp_path.iterdir())


def test_an_image_and_its_truth_are_written_both_or_none(things, tmp_path, capsys):
    write_volume(tmp_path / "ct.nrrd", things.cts[0])
    write_volume(tmp_path / "organ.nrrd", things.organ)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "truth").write_text("no folder")
    command = ["drr", str(tmp_path / "ct.nrrd"), "--labels", str(tmp_path / "organ.nrrd"), "--image-size", "48"]
    command += ["--truth", str(tmp_path / "out" / "truth"), "--out", str(tmp_path / "out" / "a.nrrd")]
    assert main(command) == 2 and "could not be written" in capsys.readouterr().err
    assert files_in(tmp_path / "out") == {"truth": b"no folder"}


def test_images_whose_truth_is_missing_are_made_again(things, tmp_path, capsys):
    write_volume(tmp_path / "ct.nrrd", things.cts[0])
    write_volume(tmp_path / "organ.nrrd", things.organ)
    (tmp_path / "poses.json").write_text('[{"name": "a", "lao_deg": 0}, {"name": "b", "lao_deg": 30}]')
    command = ["drr", str(tmp_path / "ct.nrrd"), "--labels", str(tmp_path / "organ.nrrd"), "--image-size", "48"]
    command += ["--poses", str(tmp_path / "poses.json"), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    truth = tmp_path / "truth"
    assert main([*command, "--truth", str(truth)]) == 0
    assert {path.parent.name for path in truth.glob("*/truth.json")} == {"a", "b"}
    shutil.copy(truth / "a" / "truth.json", truth / "b" / "truth.json")
    capsys.readouterr()
    assert main([*command, "--truth", str(truth)]) == 0
    assert "1 of 2 images are complete already" in capsys.readouterr().out
    angles = [json.loads((truth / name / "truth.json").read_text())["pose"]["lao_deg"] for name in "ab"]
    assert angles == pytest.approx([0, 30])


KILLED = """
import json, os, signal, sys
from pathlib import Path
from synthetic_imaging.io import atomic

def run(where, files, moment):
    calls = 0
    def dying(function):
        def call(*given, **named):
            nonlocal calls
            calls += 1
            if calls == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **named)
        return call
    for name in ("replace", "fsync", "mkdir", "rmdir", "unlink", "open"):
        setattr(os, name, dying(getattr(os, name)))
    with atomic.filling(where, "record.json", ["part_*"]) as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)

folders, files = map(json.loads, sys.argv[1:])
for moment, where in enumerate(folders, 1):
    child = os.fork()
    if child == 0:
        run(Path(where), files, moment)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print(status)
    if status == 0:
        break
"""
LAYOUTS = {
    "a flat folder": ["ct", "labels", "dicom/1", "dicom/2", "record.json"],
    "folders with records": ["day_0/ct", "day_0/record.json", "day_9/ct", "day_9/record.json"],
}


def versions_in(where) -> set[str | None]:
    """Of each result in a folder the version, None without a record; fails where one is of two versions."""
    found = set()
    for folder in {path.parent for path in where.rglob("ct") if not any(part.startswith(".") for part in path.parts)}:
        if not (folder / "record.json").is_file():
            found.add(None)
            continue
        record = json.loads((folder / "record.json").read_text())
        texts = {(folder / name).read_text() for name in record["files"]}
        assert texts == {record["version"]}, "a mixed result counts as whole"
        assert {path.name for path in folder.glob("part_*")} <= set(record["files"])
        found.add(record["version"])
    return found


def described(names, version: str) -> dict[str, str]:
    """The texts of the files of a version; a record names those beside it."""
    files = dict.fromkeys(names, version)
    for record in [name for name in names if name.endswith("record.json")]:
        beside = record.removesuffix("record.json")
        own = [name.removeprefix(beside) for name in names if name.startswith(beside) and name != record]
        files[record] = json.dumps({"version": version, "files": own})
    return files


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_writer_that_is_killed_at_any_moment(tmp_path, layout, is_there):
    """The folder holds the old result, the new one, or none that counts; the next writer beside it tidies up."""
    most, old = 100, [*LAYOUTS[layout], *(["part_old"] if layout == "a flat folder" else [])]
    folders = [tmp_path / str(moment) / "out" for moment in range(most)]
    for folder in folders:
        folder.parent.mkdir()
        for name, text in (described(old, "old") | {"mine": "notes"}).items() if is_there else ():
            (folder / name).parent.mkdir(exist_ok=True, parents=True)
            (folder / name).write_text(text)
    given = [json.dumps([str(folder) for folder in folders]), json.dumps(described(LAYOUTS[layout], "new"))]
    done = subprocess.run([sys.executable, "-c", KILLED, *given], capture_output=True, text=True, check=True)
    statuses = [int(line) for line in done.stdout.split()]
    assert statuses == [signal.SIGKILL] * (len(statuses) - 1) + [0] and len(statuses) > 15, done.stderr
    states = set()
    for status, folder in zip(statuses, folders, strict=False):
        found = versions_in(folder)
        assert status != 0 or found == {"new"}
        for place in (folder, folder.parent):
            atomic.sweep(place)
        swept = versions_in(folder)
        states |= swept
        assert not list(folder.parent.rglob(".synthetic-imaging-*"))
        if is_there:
            assert (folder / "mine").read_text() == "notes"
            assert swept == {"old"} or "new" in swept
        else:
            assert swept in (set(), {"new"}) and folder.exists() == bool(swept)
    assert {"old", "new"} <= states if is_there else states == {"new"}


def test_the_stage_of_a_living_writer_is_left_alone(tmp_path):
    with atomic.staging(tmp_path / "a") as folder:
        (folder / "a").write_text("text")
        subprocess.run(
            [sys.executable, "-c", f"from synthetic_imaging.io import atomic; atomic.sweep({str(tmp_path)!r})"],
            check=True,
        )
        atomic.publish(folder, tmp_path / "a")
    assert files_in(tmp_path) == {"a": b"text"}


def test_the_stage_of_a_dead_writer_is_no_series(things, tmp_path):
    """Nobody has written beside it since, so it is there still."""
    write_volume(tmp_path / "dicom", things.cts[0])
    write_volume(tmp_path / "half", things.cts[1])
    (tmp_path / ".synthetic-imaging-12345678").mkdir()
    (tmp_path / "half").rename(tmp_path / ".synthetic-imaging-12345678" / "new")
    np.testing.assert_array_equal(read_volume(tmp_path).numpy(), things.cts[0].numpy())


def test_a_folder_in_the_place_of_a_file_is_kept(things, tmp_path):
    tumor.save(tmp_path, things.composed[0])
    (tmp_path / "ct.nrrd").unlink()
    (tmp_path / "ct.nrrd").mkdir()
    (tmp_path / "ct.nrrd" / "mine").write_text("notes")
    before = files_in(tmp_path)
    with pytest.raises(InputError, match="there is a folder"):
        tumor.save(tmp_path, things.composed[1])
    assert files_in(tmp_path) == before


BATCH = """
import os, signal, sys
from synthetic_imaging.cli import main
replace = os.replace
def dying(source, target, **named):
    if str(target) == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(source, target, **named)
os.replace = dying
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def batch(things, tmp_path):
    """Folders with one CT and its organ, and the command that makes a case with a DICOM series of them."""
    write_volume(tmp_path / "cts" / "a.nrrd", things.cts[0])
    write_volume(tmp_path / "organs" / "a.nrrd", things.organ)
    command = ["tumor-batch", str(tmp_path / "cts"), str(tmp_path / "organs"), "--radius-mm", "4", "--dicom"]
    return SimpleNamespace(command=[*command, "--out", str(tmp_path / "out")], case=tmp_path / "out" / "a")


def test_a_case_that_was_killed_while_it_was_moved_is_resumed(batch, capsys):
    """Its folder was there already, with a part of a DICOM series and a record that says nothing."""
    (batch.case / "dicom").mkdir(parents=True)
    (batch.case / "dicom" / "CT0001.dcm").write_text("half")
    (batch.case / "lesions.json").write_text("{")
    target = str(batch.case / "labels.nrrd")
    done = subprocess.run([sys.executable, "-c", BATCH, target, *batch.command], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (batch.case / "labels.nrrd").exists()
    assert main(batch.command) == 0 and "1 of 1 cases are in" in capsys.readouterr().out
    slices = read_volume(batch.case / "ct.nrrd").shape[0]
    assert tumor.is_whole(batch.case) and len(list((batch.case / "dicom").iterdir())) == slices
    np.testing.assert_array_equal(
        read_volume(batch.case / "dicom").numpy(), read_volume(batch.case / "ct.nrrd").numpy()
    )
    assert not list(batch.case.parent.rglob(".synthetic-imaging-*"))
    assert main(batch.command) == 0 and "1 of 1 cases are complete already" in capsys.readouterr().out


def test_a_result_does_not_come_beside_the_series_of_another(things, batch, capsys):
    ct, organ = (str(batch.case.parents[1] / name / "a.nrrd") for name in ("cts", "organs"))
    command = ["tumor", ct, organ, "--auto", "--radius-mm", "5", "--quiet", "--out", str(batch.case)]
    assert main([*command, "--dicom"]) == 0
    before = files_in(batch.case)
    for options in ([], ["--dicom"]):
        assert main([*command, *options]) == 2 and "results must not mix" in capsys.readouterr().err
    with pytest.raises(InputError, match="belongs to the result that would be replaced"):
        tumor.save(batch.case, things.composed[0])
    assert files_in(batch.case) == before


def test_a_new_image_beside_an_old_record_is_no_result(things, batch, tmp_path, capsys):
    assert main(batch.command) == 0
    before = (batch.case / "ct.nrrd").read_bytes()
    tumor.save(tmp_path / "other", things.composed[1])
    shutil.copy(tmp_path / "other" / "ct.nrrd", batch.case / "ct.nrrd")
    capsys.readouterr()
    assert main(batch.command) == 0 and "complete already" not in capsys.readouterr().out
    assert (batch.case / "ct.nrrd").read_bytes() == before
    for name in ("dicom/CT0003.dcm", "labels.dcm"):
        (batch.case / name).unlink()
        assert main(batch.command) == 0 and "complete already" not in capsys.readouterr().out
        assert (batch.case / name).is_file()
