"""The example package is a package like any other, and finds the body of the phantom."""

from synthetic_imaging import phantom, segmentation
from synthetic_imaging.segmentation.example import write_example
from synthetic_imaging.segmentation.opening import verify_package
from synthetic_imaging.segmentation.postprocessing import steps_from
from synthetic_imaging.segmentation.processing import processed
from synthetic_imaging.steps import finished


def test_it_finds_the_body_of_the_phantom(tmp_path):
    path = write_example(tmp_path / "body.zip")
    assert verify_package(path) == 0
    model, ct = segmentation.open_model(path), phantom.torso(seed=0, shape=(64, 96, 128)).ct
    labels = finished(model.segment([ct]))
    found = finished(processed(labels, steps_from(model.card.postprocessing), ct)).numpy() == 1
    body = ct.numpy() > -300
    assert found[body].mean() > 0.97 and not found[0, 0, 0] and 0.2 < found.mean() < 0.8


def test_the_same_file_each_time(tmp_path):
    first, second = (write_example(tmp_path / f"{name}.zip").read_bytes() for name in "ab")
    assert first == second
