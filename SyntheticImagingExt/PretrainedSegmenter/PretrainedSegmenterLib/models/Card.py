"""The card of a model, in HTML: what it is, trained and measured on what, whose, for what, and its limits."""

from html import escape

from slicer.i18n import tr as _

MANY_STRUCTURES = 40


def cardOf(entry, described, sizeMb):
    """entry: of the catalog. described: what the model's own files say, or None where it is not here."""
    card = described["card"] if described else {}
    rows = [
        (_("Version"), card.get("version", "")),
        (_("Takes"), _takes(entry, described)),
        (_("Finds"), _structures(entry, described)),
        (_("Measured"), _measured(card.get("metrics", ()))),
        (_("Made of"), _pairs(card.get("provenance", {}))),
        (_("Licenses"), _licenses(entry, card)),
        (_("Intended use"), card.get("intended_use", "")),
        (_("Limits"), " ".join(card.get("limits", ()))),
        (_("On this computer"), _("{size:.0f} MB").format(size=sizeMb) if entry.installed else _size(entry)),
    ]
    summary = card.get("summary") or entry.note
    parts = [f"<b>{escape(entry.name)}</b>"]
    if not entry.commercial:
        parts.append(f"<br><b>{escape(_('Not for commercial use.'))}</b>")
    if summary:
        parts.append(f"<br>{escape(summary)}")
    # texts of licenses are links already; all others come from files of others
    cells = "".join(f"<tr><td><i>{escape(title)}&nbsp;</i></td><td>{text}</td></tr>" for title, text in rows if text)
    return f"{''.join(parts)}<table>{cells}</table>"


def _takes(entry, described):
    if described is None:
        return escape(entry.modality)
    pairs = zip(described["channels"], described["modalities"], strict=True)
    return escape(", ".join(name if not kind or kind == name else f"{name} ({kind})" for name, kind in pairs))


def _structures(entry, described):
    names = [label["name"] for label in described["labels"]] if described else list(entry.structures)
    names = [name.replace("_", " ") for name in names]
    shown = ", ".join(names[:MANY_STRUCTURES])
    more = len(names) - MANY_STRUCTURES
    return escape(shown) + (escape(_(" and {count} more").format(count=more)) if more > 0 else "")


def _measured(metrics):
    texts = []
    for metric in metrics:
        cases = f", {metric['cases']} cases" if metric.get("cases") else ""
        texts.append(f"{metric['name']} {metric['value']:g} ({metric.get('data', '')}{cases})")
    return escape("; ".join(texts))


def _pairs(values):
    return escape("; ".join(f"{name}: {text}" for name, text in values.items()))


def _licenses(entry, card):
    texts = [f"{escape(part)}: {escape(str(text))}" for part, text in card.get("licenses", {}).items()]
    if not texts and entry.license:
        texts = [escape(entry.license)]
    if entry.license_url.startswith("https://"):
        texts.append(f'<a href="{escape(entry.license_url)}">{escape(_("text"))}</a>')
    return ", ".join(texts)


def _size(entry):
    if entry.installed:
        return ""
    if not entry.url:
        return escape(_("no; it has to be imported from a file"))
    return escape(_("no; the download has {size:.0f} MB").format(size=entry.bytes / 1e6) if entry.bytes else _("no"))
