"""The window, width and level in HU, in which CT and results are shown."""

from SyntheticImagingLib.windows import isProposed, propose, setWindow

LUNG_BELOW_HU = -300
LUNG_WINDOW = 1500, -600
LEAST_WIDTH_HU, LARGEST_WIDTH_HU = 200, 1500
NOISE_DEVIATIONS = 10
FULL_RANGE_SHARE = 0.9


def isLung(meanHu):
    """Whether an organ of this mean attenuation (HU) holds air, as the lung does."""
    return meanHu < LUNG_BELOW_HU


def organWindow(meanHu, noiseHu):
    """Width and level (HU) in which an organ and lesions of 30 to 60 HU contrast are plainly seen.

    The organ is middle gray. Its noise (standard deviation, HU) takes a fifth of the grays to each side of it at most;
    a calm organ gets about half the width of the usual window of the abdomen (400 HU). Lungs get their usual window.
    """
    if isLung(meanHu):
        return LUNG_WINDOW
    width = min(max(NOISE_DEVIATIONS * noiseHu, LEAST_WIDTH_HU), LARGEST_WIDTH_HU)
    return 10 * round(width / 10), 5 * round(meanHu / 5)


def isChosen(volumeNode):
    """Whether somebody has chosen a window; a CT from a file comes with its full range, or with none."""
    display = volumeNode.GetDisplayNode()
    if display is None or display.GetAutoWindowLevel() or isProposed(volumeNode):
        return False
    low, high = volumeNode.GetImageData().GetScalarRange()
    return display.GetWindow() < FULL_RANGE_SHARE * (high - low)


def showOrgan(volumeNode, case):
    """Set the organ's window unless one was chosen."""
    if not isChosen(volumeNode):
        propose(volumeNode, *organWindow(case.organ_mean_hu, case.noise_std_hu))


def copyWindow(source, target):
    """Show a volume node in the window of another one; also what has no display yet is displayed."""
    shown = source.GetDisplayNode()
    if target.GetDisplayNode() is None:
        target.CreateDefaultDisplayNodes()
    if shown is not None:
        setWindow(target.GetDisplayNode(), shown.GetWindow(), shown.GetLevel())
