"""What happens before the window can be opened."""

import check_system
import pytest
from slicer_host import libraries


def test_missing_libraries_are_named_in_one_sentence(monkeypatch):
    monkeypatch.setattr(check_system, "missing_packages", lambda window=True: ["libegl1", "libgl1"])
    monkeypatch.setattr(libraries.sys, "platform", "linux")
    with pytest.raises(libraries.MissingLibrariesError, match="apt-get install libegl1 libgl1"):
        libraries.prepare()


@pytest.mark.parametrize(("display", "platform"), [("", "offscreen"), (":7", None)])
def test_platform_follows_the_display(monkeypatch, display, platform):
    asked = []
    monkeypatch.setattr(check_system, "missing_packages", lambda window=True: asked.append(window) or [])
    monkeypatch.setattr(libraries.sys, "platform", "linux")
    for name in ("QT_QPA_PLATFORM", "VTK_DEFAULT_OPENGL_WINDOW", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", display)
    libraries.prepare()
    assert libraries.os.environ.get("QT_QPA_PLATFORM") == platform
    assert asked == [platform is None]
