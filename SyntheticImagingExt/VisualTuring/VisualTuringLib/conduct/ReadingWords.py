"""What the reading screen says."""

from __future__ import annotations

from html import escape

from slicer.i18n import tr as _

from synthetic_imaging.reading.design import PAIRS

from .ReadingLogic import ReadingLogic, State

_KEY_STYLE = "background:#4a4a4a; color:#ffffff;"


def question(reading: ReadingLogic) -> str:
    """The line above the answers."""
    if reading.state is State.opening:
        return _("Reading the next case …")
    if reading.state is State.sure:
        side = {"left": _("left"), "right": _("right")}[reading.side]
        return _("The {side} image is synthetic. How sure are you?").format(side=side)
    if reading.state is State.feedback:
        return _feedback(reading)
    if reading.isPair:
        return _("Which image is synthetic?")
    return reading.design.question


def progress(reading: ReadingLogic) -> str:
    """How far the reader is, without any score."""
    text = _("{number} of {total}").format(number=min(reading.answered + 1, reading.total), total=reading.total)
    if reading.state is State.feedback:
        text = _("{number} of {total}").format(number=reading.answered, total=reading.total)
    isTraining = reading.feedback is not None or (reading.trial is not None and reading.trial.phase == "training")
    return _("Training, {progress}").format(progress=text) if isTraining else text


def timeLeft(reading: ReadingLogic) -> str:
    seconds = reading.remainingS
    if seconds is None or reading.state not in (State.reading, State.sure):
        return ""
    return f"{int(seconds + 0.999) // 60}:{int(seconds + 0.999) % 60:02d}"


def help(reading: ReadingLogic) -> str:
    """The other keys, in one line."""
    design = reading.design
    if reading.state is State.feedback:
        return _keys([(_("Space"), _("go on"))])
    if reading.state not in (State.reading, State.sure):
        return ""
    keys = [] if design.modality == "xray" else [(_("Arrows, wheel"), _("scroll")), (_("Home"), _("first slice shown"))]
    keys += [(f"F{number + 1}", _(name)) for number, name in enumerate(design.windows)]
    keys += [("+ −", _("zoom")), ("R", _("whole picture"))]
    if design.mark != "off":
        keys.append((_("Space"), _("mark what made you decide, under the mouse")))
    if design.cue:
        keys.append(("C", _("pointers on or off")))
    if reading.state is State.sure or reading.session.can_go_back:
        keys.append((_("Backspace"), _("back")))
    return _keys([*keys, ("P", _("pause"))])


def page(reading: ReadingLogic) -> str:
    """The text on the whole screen, in HTML, where no case is shown; "" while one is."""
    if reading.state is State.briefing:
        return _briefing(reading)
    if reading.state is State.paused:
        title = _("Paused") if not reading.sentence else _("Reading has stopped")
        kept = _("{count} of {total} cases are answered and saved. You can leave and resume at any time.")
        return _page(
            title,
            escape(reading.sentence),
            escape(kept.format(count=reading.answered, total=reading.total)),
            _keys([("P", _("go on")), ("Q", _("leave"))]),
        )
    if reading.state is State.finished:
        text = _("All {total} cases are read and saved. Thank you.").format(total=reading.total)
        return _page(_("The session is complete"), escape(text), _keys([(_("Space"), _("leave"))]))
    return ""


def _briefing(reading: ReadingLogic) -> str:
    design, trial = reading.design, reading.trial
    isFirst = reading.isFirstBriefing
    parts = [escape(note) for note in reading.notes] if isFirst else []
    if isFirst and design.instructions:
        parts.append(escape(design.instructions).replace("\n", "<br>"))
    if trial.phase == "training":
        parts.append(escape(_("First some training cases: after each answer you are told what it was.")))
    elif not isFirst:
        parts.append(escape(_("Now the cases that count begin. You are not told what they were.")))
    if trial.arm == PAIRS:
        parts.append(escape(_("Two images are shown side by side; one of them is synthetic. Which one?")))
    else:
        parts.append(escape(design.question))
    if design.mark == "required":
        parts.append(escape(_("Before each answer, mark the place that made you decide: mouse over it, then Space.")))
    elif design.mark == "optional":
        parts.append(escape(_("You may mark the place that made you decide: mouse over it, then Space.")))
    if design.time_limit_s is not None:
        text = _("You have {seconds:g} seconds for each case; a case without an answer by then counts as unanswered.")
        parts.append(escape(text.format(seconds=design.time_limit_s)))
    if not design.allow_back:
        parts.append(escape(_("An answer cannot be changed: it is saved at once, and the next case is shown.")))
    return _page(design.title, *parts, _keys([(_("Space"), _("begin")), ("Q", _("leave"))]))


def _feedback(reading: ReadingLogic) -> str:
    feedback = reading.feedback
    truth = {
        "real": _("It is real."),
        "synthetic": _("It is synthetic."),
        "left": _("The left one is synthetic."),
        "right": _("The right one is synthetic."),
    }[feedback.truth]
    verdict = {True: _("Your answer was right."), False: _("Your answer was wrong."), None: ""}[feedback.correct]
    return f"{truth} {verdict}".strip()


def _page(title, *parts):
    body = "".join(f"<p>{part}</p>" for part in parts if part)
    return f"<h2>{escape(title)}</h2>{body}"


def _keys(pairs):
    """A key and what it does stay on one line."""
    return "&nbsp;&nbsp;&nbsp; ".join(
        f'<span style="{_KEY_STYLE}">&nbsp;{_unbroken(key)}&nbsp;</span>&nbsp;{_unbroken(text)}' for key, text in pairs
    )


def _unbroken(text):
    return escape(text).replace(" ", "&nbsp;")
