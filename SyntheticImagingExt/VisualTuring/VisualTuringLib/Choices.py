"""From the choices in the panel to the design and the images of a study."""

from pathlib import Path

DEFAULT_PRESET = "hcc-portal"


def designOf(parameters):
    """The core's Design of a parameter node; InputError for choices that do not go together."""
    from synthetic_imaging.reading.design import Design

    return Design(
        title=parameters.title,
        question=parameters.question,
        instructions=parameters.instructions,
        arms=tuple(parameters.arms.value.split(",")),
        training_cases=parameters.trainingCases,
        repeat_share=parameters.repeatPercent / 100,
        block_size=parameters.blockSize,
        time_limit_s=parameters.timeLimitS or None,
        mark=parameters.mark.value,
        cue=parameters.cue,
        allow_unsure=parameters.allowUnsure,
        allow_back=parameters.allowBack,
        sessions=parameters.sessions,
        washout_days=parameters.washoutDays,
        margin=parameters.margin,
        modality=parameters.modality.value,
    )


def imagesOf(parameters):
    """The core's ImagePolicy as plain values; InputError for a box or voxels of which only a part is given."""
    isFlat = parameters.modality.value == "xray"
    box = _triple("box", parameters.boxRMm, parameters.boxAMm, parameters.boxSMm)
    voxel = _triple("voxel size", parameters.voxelRMm, parameters.voxelAMm, parameters.voxelSMm)
    return {
        "modality": parameters.modality.value,
        "box_mm": None if isFlat else box,
        "spacing_mm": None if isFlat else voxel,
        "size_px": parameters.sizePx,
    }


def pathText(path):
    """The text of a path, from the root of the disk; "" for none."""
    text = str(path or "").strip()
    return str(Path(text).expanduser().absolute()) if text else ""


def _triple(what, *values):
    from synthetic_imaging.errors import InputError

    if not any(values):
        return None
    if not all(values):
        raise InputError(f"The {what} has a length of 0 mm; give three lengths, or 0 three times for none.")
    return values


class Outlook:
    """What a study of given cases would be: numbers for the person who plans it.

    real, synthetic, hosts: images given. isMaking: the synthetic half will be made. cases: images that readers rate.
    shown: how many times a reader answers in one session. problem: why no study can be made yet, or "".
    """

    def __init__(self, entries, parameters):
        from math import ceil

        count = {kind: sum(entry.truth == kind for entry in entries) for kind in ("real", "synthetic", "host")}
        self.real, self.synthetic, self.hosts = count["real"], count["synthetic"], count["host"]
        self.isMaking = self.real > 0 and self.synthetic == 0
        synthetic = self.real if self.isMaking else self.synthetic
        half = parameters.trainingCases // 2
        self.cases = max(0, self.real + synthetic - 2 * half)
        pairs = max(0, min(self.real, synthetic) - half)
        share = parameters.repeatPercent / 100
        kinds = [max(0, self.real - half), max(0, synthetic - half)]
        arms = parameters.arms.value.split(",")
        rated = sum(kinds) + sum(ceil(share * kind) for kind in kinds)
        self.shown = rated * ("rating" in arms) + (pairs + ceil(share * pairs)) * ("pairs" in arms)
        self.problem = self._problem(entries, parameters)

    def _problem(self, entries, parameters):
        if not self.real:
            return "Add real images."
        if self.isMaking and parameters.modality.value == "xray":
            return "Add synthetic radiographs; only CT lesions can be made."
        kinds = ("real",) if self.isMaking else ("real", "synthetic")
        blank = [entry.name for entry in entries if entry.truth in kinds and not entry.lesionCount]
        if blank and (self.isMaking or parameters.cue):
            other = "" if self.isMaking else ', or switch "Show where the lesion is" off'
            return f'"{blank[0]}" has no lesion position. Add one{other}.'
        if self.isMaking and not any(entry.hasOrgan for entry in entries if entry.truth in ("real", "host")):
            return "Add synthetic images, or CTs with an organ in which the synthetic half is made."
        return ""
