"""What the module says about itself."""

from slicer.i18n import tr as _


def helpText():
    """Help text, in HTML."""
    steps = (
        _(
            "<b>Choose a model</b>: download one of the list, or import a package, an nnU-Net v2 export, a MONAI "
            "bundle or an ONNX file with its description. Models are read as data; no code of theirs is run."
        ),
        _("<b>Choose the images</b> and press <b>Run</b>: the result is a new segmentation beside the image."),
        _("<b>Compare</b> the result with a reference, if there is one."),
    )
    notice = _("For research and education only. Not for clinical use. What a model finds is a prediction: check it.")
    return f"<ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol><p>{notice}</p>"


def acknowledgementText():
    return _(
        "<p>Models belong to their publishers; the card of each names its licenses. TotalSegmentator: Wasserthal et "
        "al., Radiology: Artificial Intelligence 2023. nnU-Net: Isensee et al., Nature Methods 2021. MONAI: Cardoso et "
        "al., 2022. Measures: Heimann et al., IEEE TMI 2009.</p>"
    )
