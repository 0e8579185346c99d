"""What the module says about itself."""

from slicer.i18n import tr as _


def helpText():
    """Help text, in HTML."""
    steps = (
        _("Choose a CT and the segment of an organ."),
        _("Press <b>Place by clicking</b> and click in a slice view, or let <b>Suggest site</b> find a place."),
        _("Drag a lesion's point to move it; the sliders change its size, contrast, texture, edge and form."),
        _("Export the CT with its labels, or make a growth sequence. The input CT is never changed."),
    )
    notice = _("For research and education only. Not for clinical use. Every result is marked as synthetic.")
    return f"<ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol><p>{notice}</p>"


def acknowledgementText():
    return _(
        "<p>The method is that of Hu et al., Label-Free Liver Tumor Segmentation, CVPR 2023, implemented "
        "independently; its authors state that patents on it are pending. Presets name their own sources.</p>"
    )
