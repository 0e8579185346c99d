"""Connectors between widgets and parameters that modules add to those of the application."""

registered = []


def parameterNodeGuiConnector(cls):
    """Class decorator: the binding of parameters knows this pair of widget and type too."""
    registered.append(cls)
    return cls


class GuiConnector:
    """Base of such classes: they have canRepresent and create, _connect and _disconnect, widget, read and write."""

    def __init__(self):
        self._callback = None

    def onChanged(self, callback):
        """callback(): called after the user has changed the widget; None ends that."""
        self._callback = callback
        if callback is None:
            self._disconnect()
        else:
            self._connect()

    def changed(self):
        if self._callback is not None:
            self._callback()
