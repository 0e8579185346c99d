"""Draw the picture of lesion kinds in README.md: each preset beside the untouched CT.

python Testing/lesion_kinds.py --out Resources/Screenshots [--ct FILE --organ FILE]
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from synthetic_imaging import tumor
from synthetic_imaging.io import read_labels, read_volume
from synthetic_imaging.phantom import torso

KINDS = ("metastasis-colorectal", "hcc-arterial", "hcc-portal", "cyst", "hemangioma", "calcified-metastasis")
HALF_MM, WINDOW_HU = 42.0, (-10, 220)
LIVER = (38, 39, 40)


def load(ct_path: Path | None, organ_path: Path | None) -> tumor.Case:
    """The given CT and organ, or the torso phantom with its liver and the vessels in it."""
    if ct_path:
        ct = read_volume(ct_path)
        return tumor.Case(ct, read_labels(organ_path, ct), organ_name="liver")
    phantom = torso(seed=0)
    return tumor.Case(phantom.ct, phantom.ct.like(np.isin(phantom.labels.numpy(), LIVER)), organ_name="liver")


def axial(volume, hu: np.ndarray, center_ras) -> np.ndarray:
    """A square of one axial slice around a point."""
    i, j, k = np.rint(volume.ijk_from_ras(center_ras)).astype(int)
    reach_j, reach_i = (round(HALF_MM / step) for step in volume.spacing_mm[1::-1])
    rows = slice(max(0, j - reach_j), j + reach_j)
    columns = slice(max(0, i - reach_i), i + reach_i)
    return hu[k, rows, columns]


def draw(case: tumor.Case, path: Path) -> None:
    figure, axes = plt.subplots(2, len(KINDS), figsize=(3 * len(KINDS), 6.3), facecolor="black")
    for column, kind in enumerate(KINDS):
        composition = tumor.Composition(case)
        lesion = tumor.sample_lesions(case, kind, radius_mm=10 if kind != "cyst" else 8, seed=column)[0]
        composition.set_lesions([lesion])
        for row, hu in enumerate((case.ct.numpy(), composition.hu)):
            axis = axes[row, column]
            axis.imshow(axial(case.ct, hu, lesion.center_ras), cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1])
            axis.set_axis_off()
        axes[0, column].set_title(tumor.presets()[kind].title, color="white", fontsize=12)
    axes[0, 0].text(2, 4, "original", color="white", fontsize=11, va="top")
    axes[1, 0].text(2, 4, "synthetic", color="white", fontsize=11, va="top")
    figure.subplots_adjust(left=0.005, right=0.995, bottom=0.01, top=0.93, wspace=0.02, hspace=0.02)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=75, facecolor="black")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("Resources/Screenshots"))
    parser.add_argument("--ct", type=Path)
    parser.add_argument("--organ", type=Path)
    arguments = parser.parse_args()
    draw(load(arguments.ct, arguments.organ), arguments.out / "LesionKinds.png")
