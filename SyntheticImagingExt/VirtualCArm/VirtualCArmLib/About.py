"""What the module says about itself."""

from slicer.i18n import tr as _


def helpText():
    """Help text, in HTML."""
    steps = (
        _("Choose a CT. The isocenter stands at its center; drag it, or place it on a landmark."),
        _("Turn the C-arm with the sliders or drag its handles in the 3D view: the X-ray image follows."),
        _("Set the beam, the detector, scatter and collimation. They need no new projection."),
        _("<b>Keep image</b> keeps an image, <b>Sweep</b> makes a sequence; export NRRD, PNG or DICOM, and the truth."),
    )
    notice = _("For research and education only. Not for clinical use. Every image is marked as synthetic.")
    return f"<ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol><p>{notice}</p>"


def acknowledgementText():
    return _(
        "<p>Spectra after SpekPy, attenuation after XrayDB; the scatter model follows the form of scatter kernel "
        "superposition (Sun and Star-Lack, 2010). Machine presets name their own sources.</p>"
    )
