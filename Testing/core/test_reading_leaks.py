"""The leak checker: every way in which a study can give the truth away is planted and found; a clean one passes."""

import json
import os
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
import study_bodies
from scipy import ndimage

from synthetic_imaging.errors import InputError
from synthetic_imaging.io import read_volume, write_volume
from synthetic_imaging.reading import key as keys
from synthetic_imaging.reading.making import leak_traces, leaks
from synthetic_imaging.reading.making.building import FILE_TIME_S, build_study, write_manifest
from synthetic_imaging.reading.making.images import ImagePolicy
from synthetic_imaging.reading.study import MANIFEST, Study, digest_of, file_digest
from synthetic_imaging.volume import Volume

POLICY = ImagePolicy(box_mm=(54, 54, 36))


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """(study of 12 real and 12 synthetic cases, opened key)"""
    folder = tmp_path_factory.mktemp("clean")
    inputs = study_bodies.write_inputs(folder, 12, seed=2)
    design = study_bodies.design(cue=True, repeat_share=0)
    study, report = build_study(folder / "study", inputs, design, POLICY, study_bodies.PASSPHRASE, secret=11)
    assert report.leaks == ()
    return study, keys.unseal(folder / "study.key.json", study_bodies.PASSPHRASE)


class Planted:
    """A copy of the clean study to plant a leak in."""

    def __init__(self, clean, folder):
        source, self.key = clean
        shutil.copytree(source.folder, folder / "study")
        self.folder, self.study = folder / "study", source
        self.key = json.loads(json.dumps(self.key))
        self.fakes = [c for c, entry in self.key["cases"].items() if entry["truth"] == "synthetic"]
        self.reals = [c for c, entry in self.key["cases"].items() if entry["truth"] == "real"]

    def path(self, code):
        return self.folder / "images" / f"{code}.nii"

    def rewrite(self, change, codes=None):
        """Write the images of the codes (all synthetic ones) again, changed, with the file time of all others."""
        for code in codes or self.fakes:
            write_volume(self.path(code), change(read_volume(self.path(code))))
            os.utime(self.path(code), (FILE_TIME_S, FILE_TIME_S))

    def check(self, **changes):
        cases = [replace(case, sha256=file_digest(self.path(case.code))) for case in self.study.cases]
        cases = changes.pop("cases", lambda cases: cases)(cases)
        write_manifest(replace(self.study, cases=tuple(cases), **changes), self.folder)
        return leaks.check_study(Study.load(self.folder), self.key)

    def found(self, **changes):
        return {leak.name for leak in self.check(**changes).leaks}


@pytest.fixture
def planted(clean, tmp_path):
    return Planted(clean, tmp_path)


def test_a_clean_study_passes(planted):
    report = planted.check()
    assert report.leaks == () and report.notes == ()
    traces = {row["trace"] for row in report.rows}
    assert {"noise along i", "lesion radius", "order of the codes"} <= traces


def test_a_scene_or_notes_left_in_the_folder(planted):
    (planted.folder / "scene.mrml").write_text("<MRML/>")
    report = planted.check()
    assert [leak.name for leak in report.leaks] == ["foreign file"] and "scene.mrml" in report.sentences


def test_answers_of_readers_are_no_leak(planted):
    (planted.folder / "answers" / "reader-01").mkdir(parents=True)
    (planted.folder / "answers" / "reader-01" / "session-1.jsonl").write_text("{}")
    assert planted.found() == set()


def test_file_names_that_tell(planted):
    """Codes of another length."""
    renamed = {code: f"{code}S" for code in planted.fakes}
    for old, new in renamed.items():
        planted.path(old).rename(planted.path(new))
        planted.key["cases"][new] = planted.key["cases"].pop(old)
    cases = [replace(case, code=renamed.get(case.code, case.code)) for case in planted.study.cases]
    planted.study = replace(planted.study, cases=tuple(cases))
    assert "file name" in planted.found()


def test_the_name_of_a_source_in_the_manifest(planted):
    design = replace(planted.study.design, instructions="made from Patient03.nrrd")
    assert planted.found(design=design) == {"source name"}


def test_a_patients_name_or_description_in_the_header(planted):
    planted.rewrite(lambda volume: replace(volume, metadata={"descrip": "patient07 arterial"}))
    report = planted.check()
    assert {"header texts", "file header"} <= {leak.name for leak in report.leaks}
    assert any("12 synthetic" in leak.sentence and "12 real" in leak.sentence for leak in report.leaks)


def test_another_voxel_type(planted):
    planted.rewrite(lambda volume: volume.like(volume.numpy().astype(np.float32)))
    assert {"voxel type", "file size"} <= planted.found()


def test_a_single_image_of_another_type(planted):
    planted.rewrite(lambda volume: volume.like(volume.numpy().astype(np.float32)), planted.fakes[:1])
    assert "voxel type" in planted.found()


def test_another_range_of_values(planted):
    planted.rewrite(lambda volume: volume.like(np.maximum(volume.numpy(), -90)))
    assert {"lowest value", "share of padding"} <= planted.found()


def test_another_padding_value(planted):
    def padded(value):
        def change(volume):
            hu = volume.numpy().copy()
            hu[:, :3] = value
            return volume.like(hu)

        return change

    planted.rewrite(padded(-1024), planted.reals)
    planted.rewrite(padded(-1000), planted.fakes)
    assert "lowest value" in planted.found()


def test_compressed_files(planted):
    """A compressed file has a size that goes with its noise, and another format."""
    import gzip

    for code in planted.fakes:
        planted.path(code).write_bytes(gzip.compress(planted.path(code).read_bytes()))
        os.utime(planted.path(code), (FILE_TIME_S, FILE_TIME_S))
    traces = [leak_traces.file_traces(planted.path(code)) for code in (planted.fakes[0], planted.reals[0])]
    assert traces[0][0]["file format"] != traces[1][0]["file format"] == "NIfTI, uncompressed"
    assert traces[0][1]["file size"] < traces[1][1]["file size"]


def test_file_size(planted):
    for code in planted.fakes:
        with planted.path(code).open("ab") as file:
            file.write(bytes(16))
        os.utime(planted.path(code), (FILE_TIME_S, FILE_TIME_S))
    assert planted.found() == {"file size"}


def test_load_time(planted, monkeypatch):
    fakes = {str(planted.path(code)) for code in planted.fakes}

    def slow(path):
        time.sleep(0.03 if str(path) in fakes else 0)
        return read_volume(path)

    monkeypatch.setattr(leak_traces, "read_volume", slow)
    assert planted.found() == {"seconds to read"}


def test_modification_time(planted):
    for code in planted.fakes:
        os.utime(planted.path(code), (FILE_TIME_S + 60, FILE_TIME_S + 60))
    assert planted.found() == {"modification time"}


def test_access_rights(planted):
    planted.path(planted.fakes[0]).chmod(0o600)
    assert planted.found() == {"access rights"}


def test_another_grid(planted):
    planted.rewrite(lambda volume: Volume(volume.data, volume.ijk_to_ras @ np.diag([1.04, 1.04, 1, 1])))
    assert {"spacing i", "spacing j"} <= planted.found()


def test_fewer_slices(planted):
    planted.rewrite(lambda volume: Volume(volume.data[:-2], volume.ijk_to_ras))
    assert {"slices", "file size"} <= planted.found()


def test_another_orientation(planted):
    planted.rewrite(lambda volume: Volume(volume.data.flip(2), volume.ijk_to_ras @ np.diag([-1, 1, 1, 1])))
    assert "orientation" in planted.found()


def test_the_position_on_the_scanner(planted):
    def moved(volume):
        matrix = volume.ijk_to_ras.copy()
        matrix[2, 3] += 120
        return Volume(volume.data, matrix)

    planted.rewrite(moved)
    assert "position in the room" in planted.found()


def shifted(volume, voxels_kji):
    hu = ndimage.shift(volume.numpy().astype(float), voxels_kji, order=1, mode="nearest")
    return volume.like(np.rint(hu).astype(np.int16))


def test_noise_that_was_interpolated(planted):
    """Shifted by half a voxel: the picture is the same, its noise is smoother along one axis."""
    planted.rewrite(lambda volume: shifted(volume, (0, 0, 0.5)))
    assert {"noise", "noise along i"} & planted.found()


def test_noise_between_slices_that_was_interpolated(planted):
    planted.rewrite(lambda volume: shifted(volume, (0.4, 0, 0)))
    assert {"noise", "noise along k"} & planted.found()


def test_the_lesion_itself_is_not_looked_at(planted):
    """Whatever a lesion looks like, the traces of its image stay the same; that is for the readers to judge."""
    code = planted.fakes[0]
    volume, site = read_volume(planted.path(code)), planted.key["cases"][code]["lesions"][0]
    k, j, i = np.indices(volume.shape)
    distance = np.linalg.norm(volume.ras_from_ijk(np.stack([i, j, k], -1)) - site["center_ras"], axis=-1)
    bright = volume.numpy().copy()
    bright[distance < site["radius_mm"]] = 900
    traces = [
        leak_traces.background_traces(image, [site["center_ras"]], [site["radius_mm"]], "ct")
        for image in (volume, volume.like(bright))
    ]
    assert traces[0] == pytest.approx(traces[1], nan_ok=True)


def test_the_rhythm_of_a_finer_grid(tmp_path):
    """Resampling by 4/5 makes the roughness periodic, whatever the noise."""
    rng = np.random.default_rng(0)
    whole = ndimage.gaussian_filter(rng.normal(0, 40, (6, 96, 96)), (0, 0.6, 0.6)) + 60
    finer = ndimage.zoom(whole[:, :, :77], (1, 1, 96 / 77), order=1, grid_mode=True, mode="nearest")[:, :, :96]
    traces = [
        leak_traces.background_traces(Volume.from_numpy(hu.astype(np.float32), np.eye(4)), [], [], "ct")
        for hu in (whole, finer)
    ]
    assert traces[1]["interpolation along i"] > 2 * traces[0]["interpolation along i"]


def test_values_that_were_rescaled(planted):
    planted.rewrite(lambda volume: volume.like((volume.numpy() // 3 * 3).astype(np.int16)))
    assert "values in use" in planted.found()


def test_another_contrast_phase_behind_the_lesion(planted):
    planted.rewrite(lambda volume: volume.like(volume.numpy() + np.int16(25)))
    assert "median of soft tissue" in planted.found()


def test_lesions_of_other_sizes(planted):
    for code in planted.fakes:
        planted.key["cases"][code]["lesions"][0]["radius_mm"] *= 3
    assert "lesion radius" in planted.found()


def test_lesions_at_other_places(planted):
    for number, code in enumerate(planted.fakes):
        planted.key["cases"][code]["lesions"][0]["center_ras"][2] = -17.0 - 0.1 * number
        planted.key["cases"][code]["depth_mm"] = 1.0
    assert {"lesion place S", "lesion depth"} <= planted.found()


def test_cues_with_and_without_decimals(planted):
    def exact(cases):
        fakes = set(planted.fakes)
        return [replace(c, cue_ras=tuple(x + 0.3 for x in c.cue_ras)) if c.code in fakes else c for c in cases]

    assert planted.found(cases=exact) == {"cue decimals"}


def test_a_cue_only_for_some(planted):
    fakes = set(planted.fakes)
    cases = lambda cases: [replace(c, cue_ras=None) if c.code in fakes else c for c in cases]  # noqa: E731
    assert "cue" in planted.found(cases=cases)


def test_a_window_or_start_slice_for_single_cases(planted):
    planted.check()
    values = json.loads((planted.folder / MANIFEST).read_text())
    values.pop("sha256")
    values["cases"][0]["window"] = [90, 150]
    values["sha256"] = digest_of(values)
    (planted.folder / MANIFEST).write_text(json.dumps(values))
    report = leaks.check_study(Study.load(planted.folder), planted.key)
    assert [leak.name for leak in report.leaks] == ["manifest"] and "'window'" in report.sentences


def test_a_way_back_after_feedback(planted):
    design = replace(planted.study.design, allow_back=True, training_cases=2)
    assert planted.found(design=design) == {"way back"}


def swapped(planted, order):
    """Give the codes to the images so that the truth follows ``order`` along the sorted codes."""
    codes = sorted(planted.key["cases"])
    reals, fakes = iter(planted.reals), iter(planted.fakes)
    sources = [next(fakes) if fake else next(reals) for fake in order]
    content = {code: planted.path(code).read_bytes() for code in codes}
    entries, cues = dict(planted.key["cases"]), {case.code: case.cue_ras for case in planted.study.cases}
    for code, source in zip(codes, sources, strict=True):
        planted.path(code).write_bytes(content[source])
        os.utime(planted.path(code), (FILE_TIME_S, FILE_TIME_S))
        planted.key["cases"][code] = entries[source]
    moved = dict(zip(codes, sources, strict=True))
    cases = [replace(case, cue_ras=cues[moved[case.code]]) for case in planted.study.cases]
    planted.study = replace(planted.study, cases=tuple(cases))


def test_all_real_ones_first(planted):
    swapped(planted, [0] * 12 + [1] * 12)
    assert "order of the codes" in planted.found()


def test_real_and_synthetic_in_turn(planted):
    swapped(planted, [0, 1] * 12)
    assert "order" in planted.found()


def test_blocks_of_one_kind(planted):
    fakes = set(planted.fakes)
    cases = lambda cases: [replace(c, block=int(c.code in fakes)) for c in cases]  # noqa: E731
    assert planted.found(cases=cases) == {"block"}


def test_the_same_image_under_two_codes(planted):
    shutil.copyfile(planted.path(planted.fakes[0]), planted.path(planted.fakes[1]))
    os.utime(planted.path(planted.fakes[1]), (FILE_TIME_S, FILE_TIME_S))
    assert planted.found() == {"same image"}


def test_traces_that_tell_only_together(clean):
    """Two numbers, neither of which separates the classes enough, whose sum does."""
    rng = np.random.default_rng(4)
    labels = np.arange(60) % 2 == 1
    shared = rng.normal(0, 3, 60)
    numbers = {"first": shared + 0.9 * labels, "second": -shared + 0.9 * labels + rng.normal(0, 0.2, 60)}
    assert leaks._separating(numbers, labels)[1] == []
    assert [leak.name for leak in leaks._together(numbers, labels)] == ["together"]
    assert leaks._together({name: values[rng.permutation(60)] for name, values in numbers.items()}, labels) == []


def test_false_alarms_are_rare():
    """The family-wise error over many numbers is what ALPHA says."""
    rng = np.random.default_rng(5)
    labels = np.arange(24) % 2 == 1
    alarms = 0
    for _ in range(25):
        numbers = {str(n): rng.normal(size=24) for n in range(25)}
        alarms += bool(leaks._separating(numbers, labels)[1]) + bool(leaks._together(numbers, labels))
    assert alarms <= 2


def test_a_leaking_study_is_not_made_unless_wanted(tmp_path):
    """Fakes from another scanner, recognizable by nothing but their noise."""
    inputs = study_bodies.write_inputs(tmp_path, 10)
    reals = [case for case in inputs if case.truth == "real"]
    fakes = []
    for case in reals:
        volume = read_volume(case.image)
        smooth = ndimage.gaussian_filter(volume.numpy().astype(float), (0, 0.8, 0.8))
        path = case.image.with_name(case.image.name.replace("patient", "made"))
        write_volume(path, volume.like(np.rint(smooth).astype(np.int16)))
        fakes.append(replace(case, image=path, truth="synthetic"))
    arguments = [*reals, *fakes], study_bodies.design(), POLICY, study_bodies.PASSPHRASE
    target = tmp_path / "out" / "study"
    with pytest.raises(InputError, match=r"because it leaks.*'noise.*same scanners and kernels"):
        build_study(target, *arguments, secret=1)
    assert not target.parent.exists()
    study, report = build_study(target, *arguments, secret=1, accept_leaks=True)
    assert report.leaks and target.is_dir()
    kept = keys.unseal(target.with_name("study.key.json"), study_bodies.PASSPHRASE)["leaks"]
    assert kept == [leak.sentence for leak in report.leaks]
    assert "noise" not in (study.folder / MANIFEST).read_text()


def test_the_wrong_key_is_refused(planted):
    planted.key["cases"].pop(planted.fakes[0])
    with pytest.raises(InputError, match="does not know image"):
        planted.check()


def test_small_blocks_are_noted(planted):
    report = planted.check(design=replace(planted.study.design, block_size=2))
    assert report.leaks == () and "a reader who counts" in report.notes[0]
