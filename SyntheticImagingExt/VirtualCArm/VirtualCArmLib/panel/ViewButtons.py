"""Buttons of the common views: those that suit the CT in sight, and all of them in a menu."""

import qt
from slicer.i18n import tr as _

from synthetic_imaging.xray.views import REGIONS, VIEWS

_COLUMNS = 12


class ViewButtons:
    """``buttons``: by name of the view. ``menuButton``: opens the menu, whose entries are in ``actions``."""

    def __init__(self, frame, onView):
        """frame: with an empty grid. onView(name): a view was chosen."""
        self._grid, self._views, self._offered = frame.layout(), VIEWS, None
        self.buttons, self.actions = {}, {}
        self.menuButton = qt.QPushButton(_("All views"), frame)
        self.menuButton.objectName = "allViewsButton"
        self.menuButton.toolTip = _("Every view that is known, for every part of the body.")
        menu = qt.QMenu(self.menuButton)
        menus = {"": menu}
        for name, view in VIEWS.items():
            self.buttons[name] = button = qt.QPushButton(view.title, frame)
            button.objectName, button.toolTip = f"view-{name}", f"{view.help}."
            button.clicked.connect(lambda *_a, name=name: onView(name))
            if view.region not in menus:
                menus[view.region] = menu.addMenu(REGIONS[view.region])
            self.actions[name] = action = menus[view.region].addAction(view.title)
            action.triggered.connect(lambda *_a, name=name: onView(name))
        self.menuButton.setMenu(menu)
        self.offer(())

    @property
    def widgets(self):
        return [*self.buttons.values(), self.menuButton]

    def offer(self, regions):
        """Show the views of any region and of these."""
        if tuple(regions) == self._offered:
            return
        self._offered = tuple(regions)
        for widget in self.widgets:
            self._grid.removeWidget(widget)
        general = [button for name, button in self.buttons.items() if not self._views[name].region]
        self._fill(0, [*general, self.menuButton], len(general) + 1)
        special = [button for name, button in self.buttons.items() if self._views[name].region in self._offered]
        self._fill(1, special, 3)
        for button in self.buttons.values():
            button.visible = button in general or button in special

    def _fill(self, row, widgets, perRow):
        span = _COLUMNS // perRow
        for index, widget in enumerate(widgets):
            self._grid.addWidget(widget, row + index // perRow, index % perRow * span, 1, span)
