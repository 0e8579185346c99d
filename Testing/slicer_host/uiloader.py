"""Loads Designer files with the stand-ins of Slicer's widgets; their C++-only connections are made here."""

import xml.etree.ElementTree as ElementTree

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtUiTools import QUiLoader
from PySide6.QtWidgets import QWidget

_custom = {}  # class name in the .ui file -> class


def register(*classes):
    """Make widget classes known to Designer files under their Python names."""
    for cls in classes:
        _custom[cls.__name__] = cls


def custom_classes():
    return dict(_custom)


class SlicerUiLoader(QUiLoader):
    """`qt.QUiLoader`: knows the qMRML and ctk classes, connects `mrmlSceneChanged(vtkMRMLScene*)` as the file says."""

    def __init__(self, parent=None):
        super().__init__(parent)
        for cls in _custom.values():
            self.registerCustomWidget(cls)

    def load(self, device, parentWidget=None):
        opened = device.isOpen()
        if not opened:
            device.open(QIODevice.ReadOnly)
        data = bytes(device.readAll().data())
        if not opened:
            device.close()
        tree = ElementTree.fromstring(data)
        missing = sorted(self._unknownClasses(tree))
        if missing:
            raise RuntimeError(f"The host has no stand-in for the widget class {', '.join(missing)}")
        vtkConnections = self._takeVtkConnections(tree)
        buffer = QBuffer()
        buffer.setData(QByteArray(ElementTree.tostring(tree)))
        buffer.open(QIODevice.ReadOnly)
        widget = super().load(buffer, parentWidget)
        if widget is not None:
            for sender, signal, receiver, slot in vtkConnections:
                self._connect(widget, sender, signal, receiver, slot)
        return widget

    def _unknownClasses(self, tree):
        """Classes whose object would silently become a plain base widget in the host."""
        names = {element.findtext("class") for element in tree.iter("customwidget")}
        used = {element.get("class") for element in tree.iter("widget")}
        return (names & used) - set(_custom)

    @staticmethod
    def _takeVtkConnections(tree):
        """Signals with VTK arguments do not exist for Qt here: take them out of the file and return them."""
        taken = []
        for parent in tree.iter("connections"):
            for connection in list(parent):
                parts = [connection.findtext(tag) for tag in ("sender", "signal", "receiver", "slot")]
                if "vtkMRML" in parts[1] or "vtkMRML" in parts[3]:
                    taken.append(parts)
                    parent.remove(connection)
        return taken

    @staticmethod
    def _connect(root, sender, signal, receiver, slot):
        def find(name):
            return root if root.objectName() == name else root.findChild(QWidget, name)

        source, target = find(sender), find(receiver)
        if source is None or target is None:
            raise RuntimeError(f"Connection in the UI file names a widget that is not there: {sender} -> {receiver}")
        getattr(source, signal.split("(")[0]).connect(getattr(target, slot.split("(")[0]))
