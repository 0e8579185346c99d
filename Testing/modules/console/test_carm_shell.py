"""Virtual C-arm from the console and ``synthetic-imaging drr`` in the shell make the same image of the same pose."""

import numpy as np
import pytest

POSE = {"laoDeg": 33.0, "cranDeg": -12.0, "rollDeg": 5.0, "isocenterRas": (10.0, -8.0, 22.0)}
BEAM = {"kvp": 95.0, "alMm": 4.0, "cuMm": 0.2, "scatterRatio": 0.5, "noise": False}


@pytest.fixture
def shell(carm, tmp_path):
    """Run drr with the pose and the beam of the module on the module's CT, written to a file; the image."""
    from synthetic_imaging.cli import main
    from synthetic_imaging.io import read_volume, write_volume
    from SyntheticImagingLib import nodes

    write_volume(tmp_path / "ct.nrrd", nodes.volumeFromNode(carm.ctNode))
    carm.set(**POSE)
    carm.setBeam(**BEAM)

    place = ",".join(map(str, POSE["isocenterRas"]))
    angles = (
        "--lao-deg",
        "33",
        "--cran-deg",
        "-12",
        "--roll-deg",
        "5",
        "--isocenter-ras",
        place,
        "--image-size",
        "128",
    )

    def run(output, *pose):
        beam = ("--kvp", "95", "--al-mm", "4", "--cu-mm", "0.2", "--scatter-ratio", "0.5", "--no-noise", "--quiet")
        out = tmp_path / f"shell-{output}.nrrd"
        assert main(["drr", str(tmp_path / "ct.nrrd"), *pose, *beam, "--output", output, "--out", str(out)]) == 0
        return read_volume(out)

    run.angles = angles
    return run


@pytest.mark.parametrize("output", ["line-integral", "transmission", "signal", "display"])
def test_the_shell_makes_the_numbers_of_the_module(carm, shell, tmp_path, output):
    from synthetic_imaging.io import read_volume

    theirs, ours = shell(output, *shell.angles), read_volume(carm.exportImage(tmp_path / "ours.nrrd", output))
    np.testing.assert_allclose(ours.ijk_to_ras, theirs.ijk_to_ras, atol=1e-9)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)
    assert ours.numpy().std() > 0


def test_a_pose_of_the_module_gives_the_same_image_in_the_shell(carm, shell, tmp_path):
    carm.set(tableSMm=12.0, offRightMm=7.0, sourceToDetectorMm=1100.0)
    path = carm.exportPose(tmp_path / "pose.json")
    theirs = shell("line-integral", "--pose", str(path))
    assert theirs.numpy()[0] == pytest.approx(carm.radiograph().line_integral.numpy(), rel=1e-5, abs=1e-6)
    np.testing.assert_allclose(theirs.ijk_to_ras, carm.view().ijk_to_ras, atol=1e-6)
