"""What takes long can be had in pieces: a patient is made ready, and averaged, slab by slab."""

import numpy as np
import pytest
import torch
import xray_bodies as bodies

from synthetic_imaging.cores import CORES, pool
from synthetic_imaging.errors import InputError
from synthetic_imaging.steps import finished, in_background, on_all_cores
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import fields, split
from synthetic_imaging.xray.bases import WATER, Bases
from synthetic_imaging.xray.fields import Field
from synthetic_imaging.xray.geometry import Pose, View
from synthetic_imaging.xray.image import Patient, Settings
from synthetic_imaging.xray.projector import Projector

TWO = Bases((-1000, 0, 300, 3000), ((0, 1, 0.8, 0.2), (0, 0, 0.5, 4)))


@pytest.fixture(autouse=True)
def thin_slabs(monkeypatch):
    """Slabs of two slices, so that a small CT has many."""
    monkeypatch.setattr(fields, "_SLAB_VOXELS", 2 * 23 * 31)


def ct(dtype=torch.int16, shape=(29, 23, 31), seed=0) -> Volume:
    hu = torch.from_numpy(np.random.default_rng(seed).integers(-1200, 2500, shape).astype(np.float32))
    matrix = np.diag([0.8, 0.9, 1.2, 1.0])
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    return Volume(hu.to(dtype), matrix)


def view(pixels=40) -> View:
    return View.of(bodies.machine(1000, 600, pixels, 1.0), Pose(25, -10))


def test_a_patient_in_pieces_is_the_same_patient():
    volume = ct()
    steps, told = Patient.steps(volume, view=view(300), settings=Settings()), []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            patient = end.value
            break
    whole = Patient(volume)
    for name, path in whole.project(view(300)).items():
        assert torch.equal(path, patient.project(view(300))[name])
    percents = [percent for _, percent in told]
    assert len(told) >= 15 and percents == sorted(percents) and percents[0] > 0 and percents[-1] <= 100
    assert {stage for stage, _ in told} == {"Preparing the CT", "Preparing the image"}


def test_what_the_first_image_needs_is_ready(monkeypatch):
    patient = finished(Patient.steps(ct(), view=view(300)))

    def refuse(*_):
        raise AssertionError("averaged again")

    monkeypatch.setattr(Field, "coarser", refuse)
    assert next(patient.projector.steps(view(300))).max() > 0


@pytest.mark.parametrize("dtype", [torch.int16, torch.uint8, torch.int32, torch.int64, torch.float32, torch.float64])
def test_slabs_hold_what_the_ct_holds(dtype):
    volume = ct(torch.float32)
    volume = volume.like(volume.data.clamp(0, 255).to(dtype) if dtype == torch.uint8 else volume.data.to(dtype))
    (field,) = finished(fields.fields_of(volume, TWO, None, {}, torch.device("cpu")))
    assert field.data.dtype == (torch.float32 if dtype.is_floating_point else torch.int16)
    assert torch.equal(field.data.double(), volume.data.double().clamp(-1000, 3000) + 1000)


def test_the_support_is_the_box_of_what_is_there():
    hu = torch.full((29, 23, 31), -1000, dtype=torch.int16)
    hu[4, 7, 20] = hu[17, 9, 3] = 40
    for dtype in (torch.int16, torch.float32):
        (field,) = finished(fields.fields_of(Volume(hu.to(dtype), np.eye(4)), WATER, None, {}, torch.device("cpu")))
        assert field.support == ((4, 7, 3), (18, 10, 21))
    empty = Field.of(torch.zeros(5, 4, 3), *fields.AS_IT_IS)
    assert empty.support == ((0, 0, 0), (0, 0, 0))
    assert Field.of(torch.tensor([[[0.0, -1.0]]]), *fields.AS_IT_IS).support == ((0, 0, 1), (1, 1, 2))


@pytest.mark.parametrize("factors", [(1, 2, 2), (4, 1, 2), (8, 16, 4)])
def test_averages_over_blocks(factors):
    """Against means of an array filled up with nothing, with slabs that are no multiple of the blocks."""
    (field,) = finished(fields.fields_of(ct(torch.float32), WATER, None, {}, torch.device("cpu")))
    filled = np.pad(
        field.data.numpy(), [(0, -count % factor) for count, factor in zip(field.data.shape, factors, strict=True)]
    )
    k, j, i = (count // factor for count, factor in zip(filled.shape, factors, strict=True))
    wanted = filled.reshape(k, factors[0], j, factors[1], i, factors[2]).mean(axis=(1, 3, 5))
    coarse = finished(field.coarser(factors))
    assert coarse.factors == factors and np.abs(coarse.data.numpy() - wanted).max() < 2e-3


@pytest.mark.parametrize("fraction", [0.0, 0.37])
def test_labels_and_steps_by_slab(fraction):
    """Whole CT numbers are looked up, others computed; both are the table's amounts."""
    volume = ct(torch.float64)
    volume = volume.like(volume.data + fraction)
    labels = volume.like((volume.data > 800).to(torch.uint8) * 5)
    swapped = Bases(TWO.hu, TWO.weights[::-1])
    made = finished(fields.fields_of(volume, TWO, labels, {5: swapped}, torch.device("cpu")))
    wanted = torch.where(labels.data == 5, swapped.at(volume.data), TWO.at(volume.data))
    for field, amounts in zip(made, wanted, strict=True):
        assert (field.data - amounts).abs().max() < 1e-6
    hard = split.threshold()
    made = finished(fields.fields_of(volume, hard.bases, None, {}, torch.device("cpu")))
    for field, amounts in zip(made, hard.bases.at(volume.data), strict=True):
        assert (field.data - amounts).abs().max() < 1e-5


def test_a_refusal_comes_out_of_the_pieces():
    volume = ct()
    labels = Volume(torch.zeros(volume.shape, dtype=torch.uint8), volume.ijk_to_ras + 0.1)
    with pytest.raises(InputError, match="grid"):
        finished(Projector.making(volume, TWO, labels, {1: TWO}))


def test_closing_drops_what_has_not_begun():
    begun = []
    steps = on_all_cores(lambda number: begun.append(number) or number, ((n,) for n in range(10_000)))
    assert [next(steps), next(steps)] == [0, 1]
    steps.close()
    assert len(begun) < 10_000


def test_errors_on_other_threads_come_back():
    def fail(*_):
        raise InputError("no")

    for steps in (on_all_cores(fail, [(1,), (2,)]), in_background(fail)):
        with pytest.raises(InputError, match="no"):
            finished(steps)
    assert finished(in_background(lambda: 7)) == 7


def test_threads_of_the_pool_do_not_wait_for_each_other():
    """As many patients at once as there are threads, each made and projected on one: none waits for another."""
    volume = ct()
    wanted = Patient(volume).project(view())["water"]
    jobs = [pool.submit(lambda: Patient(volume).project(view())["water"]) for _ in range(2 * CORES)]
    assert all(torch.equal(job.result(timeout=120), wanted) for job in jobs)


def test_each_piece_is_told_and_the_result_returned():
    def work():
        yield "first", 10
        yield "second"
        return 7

    told = []
    assert finished(work(), lambda *parts: told.append(parts)) == finished(work()) == 7
    assert told == [("first", 10), ("second",)]
