"""What the body is made of: one label, mean attenuation and texture per tissue.

Attenuation in HU at 120 kVp in the portal venous phase, 70 s after contrast medium: typical adult means as read
off routine abdominal CT. ``texture_hu`` is the standard deviation of the tissue's own unevenness, on top of which the
scanner's noise comes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tissue:
    label: int
    name: str
    hu: float
    texture_hu: float = 2.0


_ALL: list[Tissue] = []


def _tissue(name: str, hu: float, texture_hu: float = 2.0) -> Tissue:
    _ALL.append(Tissue(len(_ALL), name, hu, texture_hu))
    return _ALL[-1]


AIR = _tissue("background", -1000, 0)
SKIN = _tissue("skin", 30)
FAT = _tissue("subcutaneous fat", -105, 7)
INNER_FAT = _tissue("visceral and intermuscular fat", -100, 8)
WALL = _tissue("abdominal and chest wall muscle", 58, 6)
PARASPINAL = _tissue("paraspinal muscle", 60, 7)
PSOAS = _tissue("psoas and iliacus muscle", 62, 5)
GLUTEUS = _tissue("gluteal muscle", 60, 7)
DIAPHRAGM = _tissue("diaphragm", 60)
SPINAL_CANAL = _tissue("spinal canal", 35)
DISC = _tissue("intervertebral disc", 85, 4)
VERTEBRAE = {
    name: _tissue(f"vertebra {name}", 900, 25)
    for name in ("T6", "T7", "T8", "T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5")
}
SACRUM = _tissue("sacrum", 850, 25)
PELVIS = _tissue("hip bones", 900, 25)
FEMUR = _tissue("femora", 950, 25)
RIBS = _tissue("ribs", 900, 20)
STERNUM = _tissue("sternum", 750, 20)
CARTILAGE = _tissue("costal cartilage", 110, 10)
LUNG = _tissue("lungs", -855, 16)
LUNG_VESSEL = _tissue("lung vessels", 90)
HEART = _tissue("heart muscle", 105, 3)
HEART_BLOOD = _tissue("heart chambers", 150, 3)
ESOPHAGUS = _tissue("esophagus", 60, 4)
AORTA = _tissue("aorta", 160, 2)
IVC = _tissue("inferior vena cava", 140, 5)
ARTERY = _tissue("arteries", 158, 2)
VEIN = _tissue("veins", 152, 2)
LIVER = _tissue("liver", 108, 2.5)
PORTAL_VEIN = _tissue("portal vein", 168, 2)
HEPATIC_VEIN = _tissue("hepatic veins", 162, 2)
GALLBLADDER = _tissue("gallbladder", 9, 2)
SPLEEN = _tissue("spleen", 122, 2.5)
PANCREAS = _tissue("pancreas", 98, 7)
KIDNEY = _tissue("kidney parenchyma", 182, 4)
KIDNEY_SINUS = _tissue("renal sinus", -70, 15)
ADRENAL = _tissue("adrenal glands", 70)
STOMACH = _tissue("stomach", 82, 4)
SMALL_BOWEL = _tissue("small bowel", 88, 5)
COLON = _tissue("colon", 65, 5)
BOWEL_CONTENT = _tissue("stomach and bowel content", 18, 6)
BOWEL_GAS = _tissue("stomach and bowel gas", -920, 5)
BLADDER = _tissue("urinary bladder", 6, 1)
PELVIC_ORGANS = _tissue("pelvic organs", 68, 6)
TABLE = _tissue("table", 60, 0)

TISSUES: tuple[Tissue, ...] = tuple(_ALL)
"""Every tissue, in the order of its label."""

CORTEX_HU = 950.0
"""Compact bone of long and flat bones; each bone's ``hu`` is that of its own cortex."""
SPONGIOSA_HU = 190.0
"""Trabecular bone of a middle-aged adult."""
SPONGIOSA_TEXTURE_HU = 20.0
MEDULLA_HU = 158.0
"""Renal medulla, a little behind the cortex 70 s after contrast."""
STOOL_HU = 15.0
STOOL_TEXTURE_HU = 48.0
"""Stool is mottled by gas and fat."""
