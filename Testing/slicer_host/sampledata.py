"""The SampleData module: registered sources, with the application's checks on what is registered, and their loading."""

import os

import slicer
from PySide6.QtWidgets import QGroupBox, QPushButton, QVBoxLayout, QWidget


class SampleDataSource:
    """One data set; lists of equal length describe its files."""

    def __init__(self, sampleName=None, sampleDescription=None, uris=None, fileNames=None, nodeNames=None,
                 checksums=None, loadFiles=None, customDownloader=None, thumbnailFileName=None, loadFileType=None,
                 loadFileProperties=None):  # fmt: skip
        if uris is None:
            raise TypeError("A sample data source needs uris, also where a customDownloader makes the data")
        count = 1 if isinstance(uris, str) else len(uris)

        def listed(value):
            return [value] * count if value is None or isinstance(value, (str, bool)) else list(value)

        self.sampleName = sampleName
        self.sampleDescription = sampleDescription or sampleName
        self.uris, self.fileNames, self.nodeNames = listed(uris), listed(fileNames), listed(nodeNames)
        self.checksums, self.loadFiles, self.loadFileType = listed(checksums), listed(loadFiles), listed(loadFileType)
        self.customDownloader, self.thumbnailFileName = customDownloader, thumbnailFileName
        self.loadFileProperties = loadFileProperties or {}
        lists = (self.uris, self.fileNames, self.nodeNames, self.checksums, self.loadFiles, self.loadFileType)
        if any(len(values) != count for values in lists):
            raise ValueError("All fields of a sample data source must have the same length")


class SampleDataLogic:
    """Registration and loading."""

    @staticmethod
    def registerCustomSampleDataCategory(category, *args, **kwargs):
        _sources().setdefault(category, [])

    @staticmethod
    def registerCustomSampleDataSource(category="Custom", **fields):
        if "loadFileTypes" in fields:
            fields["loadFileType"] = fields.pop("loadFileTypes")
        _sources().setdefault(category, []).append(SampleDataSource(**fields))

    @staticmethod
    def sourceForSampleName(sampleName):
        found = [s for sources in _sources().values() for s in sources if s.sampleName == sampleName]
        return found[0] if found else None

    def downloadSamples(self, sampleName):
        source = self.sourceForSampleName(sampleName)
        if source is None:
            raise ValueError(f"No sample data is registered under the name {sampleName}")
        return self.downloadFromSource(source)

    def downloadSample(self, sampleName):
        return self.downloadSamples(sampleName)[0]

    def downloadFromSource(self, source):
        """Nodes of the source; made by its customDownloader, else downloaded (checksum tested) and loaded."""
        if source.customDownloader is not None:
            return source.customDownloader(source)
        nodes = []
        for uri, name, nodeName, checksum in zip(
            source.uris, source.fileNames, source.nodeNames, source.checksums, strict=True
        ):
            path = os.path.join(slicer.app.cachePath, name)
            if not slicer.util.downloadFile(uri, path, checksum=checksum):
                raise ValueError(f"Download of {uri} failed")
            properties = dict(source.loadFileProperties) | ({"name": nodeName} if nodeName else {})
            nodes.append(slicer.util.loadNodeFromFile(path, properties=properties))
        return nodes


def _sources():
    if not hasattr(slicer.modules, "sampleDataSources"):
        slicer.modules.sampleDataSources = {}
    return slicer.modules.sampleDataSources


class SampleDataWidget(QWidget):
    """The panel: each category with a button for each source, under the name by which programs know it."""

    def __init__(self):
        super().__init__()
        QVBoxLayout(self)

    def self(self):
        return self

    def enter(self):
        for group in self.findChildren(QGroupBox):
            group.setParent(None)
        for category, sources in _sources().items():
            group = QGroupBox(category)
            column = QVBoxLayout(group)
            for source in sources:
                button = QPushButton(source.sampleName)
                button.setToolTip(source.sampleDescription)
                button.clicked.connect(lambda *_, source=source: SampleDataLogic().downloadFromSource(source))
                column.addWidget(button)
            self.layout().addWidget(group)

    def exit(self):
        """Nothing is to be done."""


def downloadSample(sampleName):
    return SampleDataLogic().downloadSample(sampleName)


def downloadSamples(sampleName):
    return SampleDataLogic().downloadSamples(sampleName)
