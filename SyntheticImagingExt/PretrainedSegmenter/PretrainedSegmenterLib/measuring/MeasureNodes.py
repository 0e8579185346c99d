"""What was measured, in the scene: table nodes and a plot, beside the segmentation in the data tree."""

import math

import slicer
import vtk

from SyntheticImagingLib import nodes

SEGMENTATION_ROLE = "PretrainedSegmenter.Segmentation"
PART_ATTRIBUTE = "PretrainedSegmenter.Part"
DIGITS = 4
TITLES = {
    "scores": "Scores",
    "sensitivity": "Lesions found, by size",
    "lesions": "Lesions",
    "false_positives": "False findings",
}
HEADINGS = {
    "name": "Structure",
    "dice": "Dice",
    "nsd": "NSD",
    "voe_percent": "VOE, %",
    "rvd_percent": "RVD, %",
    "asd_mm": "ASD, mm",
    "rmsd_mm": "RMSD, mm",
    "msd_mm": "MSD, mm",
    "reference_ml": "Reference, mL",
    "predicted_ml": "Segmented, mL",
    "size": "Size",
    "lesions": "Lesions",
    "found": "Found",
    "sensitivity": "Sensitivity",
    "low": "95 % from",
    "high": "95 % to",
    "false_positives": "False findings",
    "volume_ml": "mL",
    "radius_mm": "Radius, mm",
    "covered_percent": "Covered, %",
}
"""Columns that are shown, and what is written over them."""
BARS = (("dice", "Dice", (0.17, 0.50, 0.72)), ("nsd", "NSD", (0.85, 0.37, 0.05)))


def show(tables, segmentationNode):
    """New nodes of tables of rows: {"tables": {name: node}, "chart": node or None}."""
    made = {name: _table(title, tables[name], segmentationNode, name) for name, title in TITLES.items() if tables[name]}
    return {"tables": made, "chart": _chart(made["scores"], segmentationNode) if "scores" in made else None}


def inScene():
    """The newest measures of the scene, as ``show`` returns them."""
    found = {"tables": {}, "chart": None}
    for node in slicer.util.getNodesByClass("vtkMRMLTableNode"):
        if node.GetAttribute(PART_ATTRIBUTE):
            found["tables"][node.GetAttribute(PART_ATTRIBUTE)] = node
    for node in slicer.util.getNodesByClass("vtkMRMLPlotChartNode"):
        if node.GetAttribute(PART_ATTRIBUTE):
            found["chart"] = node
    return found


def _new(className, title, segmentationNode, part):
    name = slicer.mrmlScene.GenerateUniqueName(f"{segmentationNode.GetName()}: {title}")
    node = slicer.mrmlScene.AddNewNodeByClass(className, name)
    node.SetAttribute(PART_ATTRIBUTE, part)
    node.SetNodeReferenceID(SEGMENTATION_ROLE, segmentationNode.GetID())
    nodes.placeBeside(node, segmentationNode)
    return node


def _table(title, rows, segmentationNode, part):
    """Numbers keep four digits; what is not defined is left empty."""
    node = _new("vtkMRMLTableNode", title, segmentationNode, part)
    wasModifying = node.StartModify()
    node.SetUseColumnTitleAsColumnHeader(True)  # else the columns are headed A, B, C
    node.SetUseFirstColumnAsRowHeader(part == "scores")
    node.SetLocked(True)
    for column in [name for name in HEADINGS if name in rows[0]]:
        values = [row[column] for row in rows]
        isNumber = all(type(value) in (int, float) and math.isfinite(value) for value in values)
        array = vtk.vtkDoubleArray() if isNumber else vtk.vtkStringArray()
        array.SetName(column)
        for value in values:
            array.InsertNextValue(float(f"{value:.{DIGITS}g}") if isNumber else _text(value))
        node.AddColumn(array)
        node.SetColumnTitle(column, HEADINGS[column])
    node.Modified()
    node.EndModify(wasModifying)
    return node


def _text(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}" if math.isfinite(value) else ""
    return str(value)


def _chart(table, segmentationNode):
    """Dice and NSD of each structure."""
    chart = _new("vtkMRMLPlotChartNode", "Dice and NSD", segmentationNode, "chart")
    for column, title, color in BARS:
        series = _new("vtkMRMLPlotSeriesNode", title, segmentationNode, "series")
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetPlotType(series.PlotTypeBar)
        series.SetLabelColumnName("name")
        series.SetYColumnName(column)
        series.SetName(title)
        series.SetColor(*color)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetTitle("Overlap with the reference")
    chart.SetXAxisTitle("structure")
    chart.SetYAxisTitle("0 to 1")
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0.0, 1.0)
    return chart
