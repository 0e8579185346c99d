"""Making a study: what readers get says nothing, the key is closed, and the synthetic half matches the real one."""

import base64
import json
import os
import shutil
import warnings
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
import study_bodies

from synthetic_imaging.errors import InputError
from synthetic_imaging.io import read_volume
from synthetic_imaging.reading import key as keys
from synthetic_imaging.reading.conduct.order import READING, TRAINING, plan
from synthetic_imaging.reading.design import Design
from synthetic_imaging.reading.making.building import FILE_TIME_S, build_study
from synthetic_imaging.reading.making.cases import CaseInput, LesionSite
from synthetic_imaging.reading.making.images import ImagePolicy
from synthetic_imaging.reading.making.matching import Organ
from synthetic_imaging.reading.study import MANIFEST, Study, file_digest
from synthetic_imaging.volume import Volume

SECRET = 824_371_905_512
PASSPHRASE, POLICY = study_bodies.PASSPHRASE, study_bodies.POLICY
DESIGN = study_bodies.design(arms=("rating", "pairs"), training_cases=4)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return study_bodies.write_inputs(tmp_path_factory.mktemp("inputs"), 10)


@pytest.fixture(scope="module")
def made(tmp_path_factory, inputs):
    """(study, opened key, leak report, folder that holds all)"""
    folder = tmp_path_factory.mktemp("made")
    study, report = build_study(folder / "study", inputs, DESIGN, POLICY, PASSPHRASE, secret=SECRET)
    return study, keys.unseal(folder / "study.key.json", PASSPHRASE, study.study_id), report, folder


def test_a_clean_study_is_made_and_has_no_leak(made):
    study, values, report, folder = made
    assert report.leaks == ()
    assert len(study.cases) == 16 and len(study.training) == 4 and len(study.pairs) == 8
    truths = [values["cases"][case.code]["truth"] for case in study.cases]
    assert truths.count("real") == truths.count("synthetic") == 8
    assert sorted(path.name for path in folder.iterdir()) == ["study", "study.key.json"]
    assert {path.name for path in study.folder.iterdir()} == {"manifest.json", "images"}


def test_all_files_are_alike(made):
    study = made[0]
    paths = [study.path_of(case.code) for case in (*study.cases, *study.training)]
    assert len({path.stat().st_size for path in paths}) == 1
    assert {path.stat().st_mtime for path in [*paths, study.folder / MANIFEST]} == {FILE_TIME_S}
    assert len({path.read_bytes()[:352] for path in paths}) == 1
    volumes = [read_volume(path) for path in paths]
    assert {(str(v.data.dtype), v.shape) for v in volumes} == {("torch.int16", (12, 32, 32))}
    assert all(not v.metadata for v in volumes)


def test_nothing_readers_get_tells_the_truth(made, inputs):
    study, values, _, _ = made
    text = (study.folder / MANIFEST).read_text().lower()
    for case in inputs:
        assert case.image.stem not in text
    assert str(values["secret"]) not in text and "recipe" not in text and "patient" not in text
    entries = json.loads(text)
    assert all(set(entry) <= {"code", "sha256", "block", "repeat", "cue_ras"} for entry in entries["cases"])
    assert all(set(entry) <= {"codes", "block", "repeat"} for entry in entries["pairs"])
    assert [entry["code"] for entry in entries["cases"]] == sorted(entry["code"] for entry in entries["cases"])


def test_what_the_reading_side_holds_knows_only_the_truth_of_training(made):
    loaded = Study.load(made[0].folder)
    assert all(case.truth is None for case in loaded.cases) and all(pair.synthetic is None for pair in loaded.pairs)
    assert all(case.truth for case in loaded.training) and all(pair.synthetic for pair in loaded.training_pairs)
    assert not {case.code for case in loaded.training} & {case.code for case in loaded.cases}


def test_the_key_is_closed(made):
    study, values, _, folder = made
    path = folder / "study.key.json"
    sealed = json.loads(path.read_text())
    raw = path.read_bytes() + base64.urlsafe_b64decode(sealed["token"])
    for secret in (b"real", b"patient", *(case.code.encode() for case in study.cases), str(values["secret"]).encode()):
        assert secret not in raw
    assert sealed["lock"]["name"] == "scrypt" and sealed["lock"]["n"] >= 2**16
    with pytest.raises(InputError, match="does not open"):
        keys.unseal(path, PASSPHRASE + "x", study.study_id)
    with pytest.raises(InputError, match="another study"):
        keys.unseal(path, PASSPHRASE, "0000")


def test_a_damaged_key_is_a_sentence(made, tmp_path):
    sealed = json.loads((made[3] / "study.key.json").read_text())
    path = tmp_path / "key.json"
    for broken, words in (
        ("", "damaged"),
        ("[]", "not the key"),
        (json.dumps({**sealed, "token": sealed["token"][:-9] + "AAAAAAAA="}), "does not open"),
        (json.dumps({**sealed, "token": 5}), "damaged"),
        (json.dumps({**sealed, "lock": {}}), "damaged"),
        (json.dumps({**sealed, "lock": {**sealed["lock"], "n": 2**40}}), "damaged"),
        (json.dumps({**sealed, "lock": {**sealed["lock"], "n": 3}}), "damaged"),
    ):
        path.write_text(broken)
        with pytest.raises(InputError, match=words):
            keys.unseal(path, PASSPHRASE)
    with pytest.raises(InputError, match="cannot be read"):
        keys.unseal(tmp_path / "absent.json", PASSPHRASE)


def test_twins_match_in_size_place_and_scanner(made):
    values = made[1]["cases"]
    real = [entry for entry in values.values() if entry["truth"] == "real"]
    fake = [entry for entry in values.values() if entry["truth"] == "synthetic"]
    assert all(entry["recipe"] and entry["twin_of"] is not None for entry in fake)
    assert {entry["scanner"] for entry in values.values()} == {"scanner A"}
    radii = [[entry["lesions"][0]["radius_mm"] for entry in group] for group in (real, fake)]
    np.testing.assert_allclose(np.sort(radii[0]), np.sort(radii[1]), rtol=0.12)
    depths = [np.sort([entry["depth_mm"] for entry in group]) for group in (real, fake)]
    assert np.abs(depths[0] - depths[1]).mean() < 4
    assert len({entry["source"] for entry in fake}) == 3, "all hosts are used"


def test_hosts_come_from_the_same_scanner(inputs, tmp_path):
    other = [replace(case, scanner="scanner B") if case.truth == "host" else case for case in inputs]
    with pytest.raises(InputError, match="No host comes from the scanner 'scanner A'"):
        build_study(tmp_path / "study", other, DESIGN, POLICY, PASSPHRASE)
    assert list(tmp_path.iterdir()) == []


def test_real_cts_can_be_hosts_when_the_lesion_is_pointed_at(inputs, tmp_path):
    real = [case for case in inputs if case.truth == "real"][:4]
    with pytest.raises(InputError, match="switch the cue on"):
        build_study(tmp_path / "a", real, study_bodies.design(cue=False), POLICY, PASSPHRASE)
    _, report = build_study(tmp_path / "b", real, study_bodies.design(), POLICY, PASSPHRASE, secret=2)
    values = keys.unseal(tmp_path / "b.key.json", PASSPHRASE)["cases"]
    by_source = {}
    for entry in values.values():
        by_source.setdefault(entry["source"], []).append(entry["truth"])
    assert any("show both real and synthetic" in note for note in report.notes)
    assert sum(truths.count("synthetic") for truths in by_source.values()) == 4
    assert any("only leaks that differ in every file" in note for note in report.notes)


def test_the_lesion_is_where_the_key_and_the_cue_say(made):
    study, values, _, _ = made
    for case in study.cases:
        site = values["cases"][case.code]["lesions"][0]
        volume = read_volume(study.image_path(case.code))
        np.testing.assert_allclose(case.cue_ras, site["center_ras"], atol=0.51)
        i, j, k = np.rint(volume.ijk_from_ras(site["center_ras"])).astype(int)
        inside = volume.numpy()[k, j - 1 : j + 2, i - 1 : i + 2].mean()
        assert inside < study_bodies.tumor_bodies.ORGAN_HU - 15, "the preset is darker than the organ"


def test_the_same_secret_makes_the_same_images_and_another_one_other_codes(inputs, tmp_path, made):
    study, _ = build_study(tmp_path / "again", inputs, DESIGN, POLICY, PASSPHRASE, secret=SECRET)
    mine = {case.code: case.sha256 for case in study.cases}
    assert mine == {case.code: case.sha256 for case in made[0].cases}
    other, _ = build_study(tmp_path / "other", inputs, DESIGN, POLICY, PASSPHRASE, secret=6, accept_leaks=True)
    assert not set(mine) & {case.code for case in other.cases}


def test_blocks_and_repeats_are_balanced(made):
    study, values, _, _ = made
    truth = {code: entry["truth"] for code, entry in values["cases"].items()}
    for block in {case.block for case in study.cases}:
        kinds = [truth[case.code] for case in study.cases if case.block == block]
        assert kinds.count("real") == kinds.count("synthetic")
    again = [truth[case.code] for case in study.cases if case.repeat]
    assert again.count("real") == again.count("synthetic") == 2
    assert all({truth[code] for code in pair.codes} == {"real", "synthetic"} for pair in study.pairs)


def test_every_reader_has_an_order_of_her_own(made):
    study = made[0]
    orders = [plan(study, f"reader-{n:02d}") for n in range(12)]
    assert plan(study, "reader-00") == orders[0]
    assert len({tuple(trial.trial_id for trial in order) for order in orders}) == 12
    assert plan(study, "reader-00", 2) != orders[0]
    for order in orders:
        ids = [trial.trial_id for trial in order]
        assert len(set(ids)) == len(ids) == 4 + 16 + 4 + 2 + 8 + 2
        phases = [("rating", TRAINING), ("rating", READING), ("pairs", TRAINING), ("pairs", READING)]
        places = [phases.index((trial.arm, trial.phase)) for trial in order]
        assert places == sorted(places)
    sides = [trial.codes[0] < trial.codes[1] for order in orders for trial in order if trial.arm == "pairs"]
    assert 0.3 < np.mean(sides) < 0.7


def test_repeats_are_far_from_the_first_showing(made):
    for n in range(20):
        order = [t for t in plan(made[0], f"reader-{n}") if t.arm == "rating" and t.phase == READING]
        for place, trial in enumerate(order):
            if trial.repeat:
                first = next(i for i, t in enumerate(order) if t.codes == trial.codes)
                assert trial.trial_id.endswith(".2") and place - first >= 16 // 3


def test_a_block_is_read_before_the_next_one(made):
    twice = {case.code for case in made[0].cases if case.repeat}
    order = [t for t in plan(made[0], "reader-07") if t.arm == "rating" and t.phase == READING]
    blocks = [trial.block for trial in order if trial.codes[0] not in twice]
    assert len(list(groupby(blocks))) == len(set(blocks)) == 4


def test_a_damaged_manifest_is_a_sentence(made, tmp_path):
    text = (made[0].folder / MANIFEST).read_text()
    values = json.loads(text)
    cut, changed = text[: len(text) // 2], json.dumps({**values, "order_seed": 1})
    for broken, words in ((cut, "damaged"), (changed, "checksum"), ("{}", "not the manifest"), ("\x00\x01", "damaged")):
        (tmp_path / MANIFEST).write_text(broken)
        with pytest.raises(InputError, match=words):
            Study.load(tmp_path)
    with pytest.raises(InputError, match="holds no study"):
        Study.load(tmp_path / "absent")


def test_a_missing_or_changed_image_is_a_sentence(made, tmp_path):
    study = made[0]
    moved = replace(study, folder=tmp_path)
    with pytest.raises(InputError, match="missing from the study folder"):
        moved.image_path(study.cases[0].code)
    with pytest.raises(InputError, match="missing from the study folder"):
        moved.check_images()
    study.check_images()
    steps = list(study.check_steps())
    assert steps == sorted(steps) and steps[-1] == (19, 1.0)
    shutil.copytree(study.folder, tmp_path / "copy")
    copy = replace(study, folder=tmp_path / "copy")
    last = copy.cases[-1].code
    copy.path_of(last).write_bytes(copy.path_of(last).read_bytes()[:-1] + b"!")
    with pytest.raises(InputError, match=f"'{last}.nii' of the study is damaged or was changed"):
        copy.check_images()
    with pytest.raises(InputError, match="no image 'XYZ'"):
        study.case("XYZ")


def test_nothing_is_overwritten(made, inputs, tmp_path):
    folder = made[3]
    before = file_digest(folder / "study.key.json")
    with pytest.raises(InputError, match="exists already"):
        build_study(folder / "study", inputs, DESIGN, POLICY, PASSPHRASE)
    with pytest.raises(InputError, match="never replaced"):
        build_study(tmp_path / "new", inputs, DESIGN, POLICY, PASSPHRASE, key_path=folder / "study.key.json")
    with pytest.raises(InputError, match="must not lie in the study folder"):
        build_study(tmp_path / "new", inputs, DESIGN, POLICY, PASSPHRASE, key_path=tmp_path / "new" / "key.json")
    with pytest.raises(InputError, match="too short"):
        build_study(tmp_path / "new", inputs, DESIGN, POLICY, "short")
    with pytest.raises(InputError, match="make them one"):
        build_study(tmp_path / "new", inputs, DESIGN, ImagePolicy("xray"), PASSPHRASE)
    assert file_digest(folder / "study.key.json") == before and list(tmp_path.iterdir()) == []


def test_a_failure_in_the_last_step_leaves_neither_study_nor_key(inputs, tmp_path, monkeypatch):
    real = os.replace

    def full(source, target):
        if str(target).endswith("study"):
            raise OSError(28, "No space left on device")
        return real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        build_study(tmp_path / "study", inputs, DESIGN, POLICY, PASSPHRASE, secret=SECRET)
    assert list(tmp_path.iterdir()) == []


def test_unequal_numbers_are_pointed_out(inputs, tmp_path):
    fake = [replace(case, truth="synthetic") for case in inputs[:2]]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        study, _ = build_study(
            tmp_path / "s", [*inputs[2:10], *fake], study_bodies.design(), POLICY, PASSPHRASE, accept_leaks=True
        )
    assert any("8 real and 2 synthetic" in str(item.message) for item in caught)
    assert len(study.cases) == 10


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda cases: [case for case in cases if case.truth == "host"], "no real image"),
        (lambda cases: [replace(case, organ=None) for case in cases if case.truth == "real"], "no hosts to make them"),
        (lambda cases: [replace(cases[0], lesions=()), *cases[1:]], "no lesion position"),
        (lambda cases: [replace(c, organ=None) if c.truth == "host" else c for c in cases], "has no organ"),
        (lambda cases: [cases[0], *[c for c in cases if c.truth == "host"]], "two of each are needed"),
    ],
)
def test_what_cannot_become_a_study_is_refused(inputs, tmp_path, change, words):
    with pytest.raises(InputError, match=words):
        build_study(tmp_path / "s", change(list(inputs)), study_bodies.design(), POLICY, PASSPHRASE)
    assert list(tmp_path.iterdir()) == []


def test_one_ct_can_be_several_cases_and_its_lesions_stay_free(inputs, tmp_path):
    """Three cases show one CT with a real lesion each; their twins in that CT lie on none of the three."""
    host = next(case for case in inputs if case.truth == "host")
    sites = [LesionSite((10.0 + x, -20.0, 30.0), 6.0) for x in (40.0, 55.0, 70.0)]
    cases = [replace(host, truth="real", lesions=(site,)) for site in sites]
    build_study(tmp_path / "s", cases, study_bodies.design(), POLICY, PASSPHRASE, secret=1, accept_leaks=True)
    entries = keys.unseal(tmp_path / "s.key.json", PASSPHRASE)["cases"].values()
    made = [lesion for entry in entries for lesion in entry["recipe"]]
    assert len(made) == 3
    for lesion in made:
        gaps = [np.linalg.norm(np.subtract(lesion["center_ras"], site.center_ras)) - 12 for site in sites]
        assert min(gaps) > 0


def test_a_lesion_outside_its_image_is_refused(inputs, tmp_path):
    wrong = replace(inputs[0], lesions=(replace(inputs[0].lesions[0], center_ras=(900.0, 0.0, 0.0)),), organ=None)
    with pytest.raises(InputError, match="lies outside the image"):
        build_study(tmp_path / "s", [wrong, *inputs[1:]], study_bodies.design(), ImagePolicy(), PASSPHRASE)


def test_places_in_an_organ():
    mask = np.zeros((20, 30, 40), np.uint8)
    mask[5:15, 5:25, 10:30] = 1
    organ = Organ(Volume.from_numpy(mask, np.diag([2.0, 1.0, 1.0, 1.0])))
    middle = organ.place((2 * 19.5, 14.5, 9.5))
    assert middle.fraction == pytest.approx((0.5, 0.5, 0.5)) and middle.word == "near the surface"
    assert middle.depth_mm == pytest.approx(5, abs=0.6)
    assert organ.place((2 * 10, 14, 9)).depth_mm == pytest.approx(2) and organ.place((0, 0, 0)).depth_mm == 0


@pytest.mark.parametrize(
    "options",
    [{"arms": ()}, {"arms": ("rating", "rating")}, {"mark": "maybe"}, {"training_cases": 3}, {"repeat_share": 2},
     {"block_size": 1}, {"time_limit_s": 0}, {"margin": 0.6}, {"title": " "}, {"sessions": True}],
)  # fmt: skip
def test_impossible_designs_are_refused(options):
    with pytest.raises(InputError):
        Design(**options)


def test_designs_survive_json():
    assert Design.from_dict(json.loads(json.dumps(DESIGN.to_dict()))) == DESIGN
    with pytest.raises(InputError, match="colour"):
        Design.from_dict({"colour": 1})


def test_a_study_of_radiographs(tmp_path):
    import SimpleITK as sitk

    rng = np.random.default_rng(0)
    cases = []
    for number in range(12):
        path = tmp_path / f"film{number}.png"
        sitk.WriteImage(sitk.GetImageFromArray(rng.integers(0, 4000, (80, 64)).astype(np.uint16)), str(path))
        cases.append(CaseInput(path, "real" if number < 6 else "synthetic", (), "unit 1"))
    study, report = build_study(
        tmp_path / "study",
        cases,
        Design(modality="xray", cue=False),
        ImagePolicy("xray", size_px=64),
        PASSPHRASE,
        secret=1,
    )
    assert report.leaks == () and read_volume(study.image_path(study.cases[0].code)).shape == (1, 64, 64)
    with pytest.raises(InputError, match="Only CT lesions"):
        build_study(tmp_path / "x", cases[:6], Design(modality="xray"), ImagePolicy("xray"), PASSPHRASE)
