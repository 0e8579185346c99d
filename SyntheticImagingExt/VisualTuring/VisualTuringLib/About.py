"""What the module says about itself."""

from slicer.i18n import tr as _


def helpText():
    """Help text, in HTML."""
    steps = (
        _(
            "<b>Design</b>: give real images and, if you have them, synthetic ones; else they are made, matched in "
            "size, place and scanner. The study becomes one folder, its key another file, locked with a passphrase."
        ),
        _(
            "<b>Read</b>: every reader opens the folder and answers with the keyboard, full screen and blinded. "
            "Every answer is on the disk before the next case shows."
        ),
        _("<b>Report</b>: key and passphrase give tables, plots, a page, a PDF and files for other programs."),
    )
    notice = _("For research and education only. Not for clinical use. Keep key and passphrase away from readers.")
    return f"<ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol><p>{notice}</p>"


def acknowledgementText():
    return _(
        "<p>Statistics follow published methods that the report names: Wilson, Clopper and Pearson, DeLong, "
        "Schuirmann, Fleiss, Krippendorff, Shrout and Fleiss. Exports are for iMRMC (FDA).</p>"
    )
