"""What the application's error log would hold: warnings and errors of Python's logging, of Qt, and of VTK and MRML."""

import logging
import sys
import traceback

import vtk
from PySide6.QtCore import QtMsgType, qInstallMessageHandler

_OF_THE_PLATFORM = ("This plugin does not support propagateSizeHints()",)
_QT_LEVELS = {QtMsgType.QtWarningMsg: "warning", QtMsgType.QtCriticalMsg: "error", QtMsgType.QtFatalMsg: "error"}


class ErrorLog(list):
    """(level, text) of each entry, level "warning" or "error"; an exception that nobody caught is its traceback."""

    def __init__(self):
        super().__init__()
        handler = logging.Handler(logging.WARNING)
        handler.emit = self._onRecord
        logging.getLogger().addHandler(handler)
        qInstallMessageHandler(self._onQt)
        window = vtk.vtkOutputWindow.GetInstance()
        window.AddObserver(vtk.vtkCommand.WarningEvent, self._onVtk)
        window.AddObserver(vtk.vtkCommand.ErrorEvent, self._onVtk)

    def _onRecord(self, record):
        self.append(("error" if record.levelno >= logging.ERROR else "warning", record.getMessage()))

    def _onQt(self, kind, context, text):
        if text not in _OF_THE_PLATFORM:
            print(f"Qt: {text}", file=sys.stderr)
            if kind in _QT_LEVELS:
                self.append((_QT_LEVELS[kind], text))

    @vtk.calldata_type(vtk.VTK_STRING)
    def _onVtk(self, window, event, text):
        self.append(("warning" if event == "WarningEvent" else "error", text))

    def addException(self, error):
        self.append(("error", "".join(traceback.format_exception(error))))
