"""The report in the scene: table nodes, and plots of them, in one folder of the data tree.

Only results over cases are shown; which case was what stays in the report's files.
"""

import slicer

STUDY_ATTRIBUTE, PART_ATTRIBUTE = "VisualTuring.Study", "VisualTuring.Part"
CLASSES = ("vtkMRMLTableNode", "vtkMRMLPlotSeriesNode", "vtkMRMLPlotChartNode")
TITLES = {
    "readers": "Readers",
    "pooled": "All readers",
    "pairs": "Side by side",
    "agreement": "Agreement",
    "time": "Seconds per case",
    "strata": "By size and place",
    "marks": "Marks",
    "answers": "Answers by truth",
    "roc": "ROC points",
    "profiles": "Who read",
    "notes": "Notes",
}
HEADINGS = {
    "real_as_real": "Real called real",
    "real_as_synthetic": "Real called synthetic",
    "synthetic_as_real": "Synthetic called real",
    "synthetic_as_synthetic": "Synthetic called synthetic",
    "real_open": "Real left open",
    "synthetic_open": "Synthetic left open",
    "wilson": "Accuracy, Wilson 95 %",
    "exact": "Accuracy, exact 95 %",
    "accuracy_half": "Accuracy, open as one half",
    "accuracy_least": "Accuracy, all open wrong",
    "accuracy_most": "Accuracy, all open right",
    "accuracy_definite": "Accuracy without open",
    "p_chance": "Against chance, p",
    "p_association": "Fisher's exact test, p",
    "p_equivalence": "Equivalence, p",
    "p_equivalence_auc": "Equivalence of AUC, p",
    "p_discrimination": "Discrimination, p",
    "d_prime": "d′",
    "auc": "AUC",
    "mean_auc": "Mean AUC",
    "folded_auc": "Folded AUC",
    "folded_auc_at_chance": "Folded AUC by chance",
    "auc_se_one_reader": "AUC, standard error of one reader",
    "agree": "Same call",
    "cohen": "Cohen κ",
    "fleiss": "Fleiss κ",
    "weighted_kappa": "Weighted κ",
    "krippendorff": "Krippendorff α",
    "kendall_w": "Kendall W",
    "icc": "ICC(2,1)",
    "real_s": "Real, s",
    "synthetic_s": "Synthetic, s",
    "p": "Difference, p",
    "median_distance_mm": "Median distance, mm",
}
"""Words for columns whose name alone does not say it; the ends of an interval are named after it."""
CHART_TITLES = {"roc": "ROC", "sensitivity": "Discrimination", "answers": "Answers"}
REAL_COLOR, SYNTHETIC_COLOR, CHANCE_COLOR = (0.17, 0.50, 0.72), (0.85, 0.37, 0.05), (0.4, 0.4, 0.4)
READER_COLORS = (
    (0.12, 0.47, 0.71), (1.00, 0.50, 0.05), (0.17, 0.63, 0.17), (0.84, 0.15, 0.16), (0.58, 0.40, 0.74),
    (0.55, 0.34, 0.29), (0.89, 0.47, 0.76), (0.50, 0.50, 0.50), (0.74, 0.74, 0.13), (0.09, 0.75, 0.81),
)  # fmt: skip
DIGITS, ROUNDING, SCALE_STEPS = 4, 1e-12, 6
SCALE = "from 1, certainly real, to 6, certainly synthetic"


def show(analysis):
    """Make or update the nodes of an analysis (plain values, as in results.json)."""
    nodes = _Nodes(analysis)
    rows = {**analysis["tables"], "notes": [{"note": text} for text in analysis["warnings"]]}
    tables = {name: nodes.table(name, title, rows[name]) for name, title in TITLES.items() if rows.get(name)}
    charts = {name: chart for name, draw in _CHARTS.items() if (chart := draw(nodes, rows)) is not None}
    nodes.removeStale()
    return {"tables": tables, "charts": charts}


def inScene():
    """The nodes of the newest report in the scene, as ``show`` returns them."""
    studies = [node.GetAttribute(STUDY_ATTRIBUTE) for node in slicer.util.getNodesByClass("vtkMRMLTableNode")]
    study = next((name for name in reversed(studies) if name), None)
    found = {name: _partsOf(study, name) if study else {} for name in CLASSES}
    tables, charts = found["vtkMRMLTableNode"], found["vtkMRMLPlotChartNode"]
    return {
        "tables": {name: tables[name] for name in TITLES if name in tables},
        "charts": {name: charts[title] for name, title in CHART_TITLES.items() if title in charts},
    }


def titleOf(node):
    """What a table or plot is called within its report."""
    part = node.GetAttribute(PART_ATTRIBUTE)
    return TITLES.get(part, part)


def heading(column):
    """The words over a column of results."""
    for end, words in (("_low", "from"), ("_high", "to")):
        if column.endswith(end):
            interval = heading(column.removesuffix(end))
            return f"{interval} {words}" if interval.endswith("95 %") else f"{interval}, 95 % {words}"
    return HEADINGS.get(column, _columnName(column).capitalize())


def _partsOf(study, className):
    nodes = slicer.util.getNodesByClass(className)
    return {node.GetAttribute(PART_ATTRIBUTE): node for node in nodes if node.GetAttribute(STUDY_ATTRIBUTE) == study}


def _roc(nodes, tables):
    rows = tables.get("roc")
    if not rows:
        return None
    series = [nodes.line("chance", "chance", [(0.0, 0.0), (1.0, 1.0)], CHANCE_COLOR, isDashed=True)]
    names = list(dict.fromkeys(row["reader"] for row in rows))
    for number, name in enumerate(names):
        points = [(row["false_alarms"], row["hits"]) for row in rows if row["reader"] == name]
        series.append(nodes.line(f"roc {name}", name, points, READER_COLORS[number % len(READER_COLORS)]))
    chart = nodes.chart(
        CHART_TITLES["roc"], "ROC of each reader", "real called synthetic", "synthetic called synthetic", series
    )
    for axis in ("XAxis", "YAxis"):
        getattr(chart, f"Set{axis}RangeAuto")(False)
        getattr(chart, f"Set{axis}Range")(0.0, 1.0)
    return chart


def _sensitivity(nodes, tables):
    """d' of each reader with its interval: below 0 the names are swapped."""
    rows = [row for row in tables.get("readers", []) if row.get("d_prime") is not None]
    if not rows:
        return None
    columns = {name: [row[name] for row in rows] for name in ("reader", "d_prime", "d_prime_low", "d_prime_high")}
    table = nodes.columns("plot of d prime", columns)
    looks = (
        ("d_prime", "d'", READER_COLORS[0], slicer.vtkMRMLPlotSeriesNode.MarkerStyleCircle),
        ("d_prime_low", "95 % from", CHANCE_COLOR, slicer.vtkMRMLPlotSeriesNode.MarkerStylePlus),
        ("d_prime_high", "95 % to", CHANCE_COLOR, slicer.vtkMRMLPlotSeriesNode.MarkerStylePlus),
    )
    series = [nodes.points(column, title, table, column, color, marker) for column, title, color, marker in looks]
    title = "d' of each reader; below 0 the names are swapped"
    chart = nodes.chart(CHART_TITLES["sensitivity"], title, "reader", "d'", series)
    chart.SetXAxisRangeAuto(False)
    chart.SetXAxisRange(-0.5, len(rows) - 0.5)
    return chart


def _answers(nodes, tables):
    rows = tables.get("answers")
    if not rows:
        return None
    totals = {truth: max(1, sum(row[truth] for row in rows)) for truth in ("real", "synthetic")}
    shares = {truth: [100.0 * row[truth] / totals[truth] for row in rows] for truth in totals}
    # the first six are the scale; their words would lie over each other
    labels = [str(number) if number <= SCALE_STEPS else row["answer"] for number, row in enumerate(rows, 1)]
    table = nodes.columns("plot of answers", {"answer": labels, **shares})
    series = [
        nodes.bars(f"answers {truth}", truth, table, "answer", truth, color)
        for truth, color in (("real", REAL_COLOR), ("synthetic", SYNTHETIC_COLOR))
    ]
    return nodes.chart(
        CHART_TITLES["answers"], "How often each answer was given, by truth", SCALE, "% of each truth", series
    )


_CHARTS = {"roc": _roc, "sensitivity": _sensitivity, "answers": _answers}


class _Nodes:
    """Makes nodes of one study's report, or takes those that are there."""

    def __init__(self, analysis):
        self._study = analysis["study_id"] or analysis["design"]["title"]
        self._title = analysis["design"]["title"]
        self._known = {
            (node.GetClassName(), node.GetAttribute(PART_ATTRIBUTE)): node
            for name in CLASSES
            for node in _partsOf(self._study, name).values()
        }
        self._used, self._folder = set(), None

    def table(self, part, title, rows):
        """A table of rows (dicts); numbers keep four digits, all of them are in results.json.

        A column in which a number is missing holds texts, so that nothing stands there.
        """
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = {name: [row.get(name) for row in rows] for name in names}
        texts = {name: [_cell(value, True) for value in values] for name, values in columns.items() if None in values}
        node = self.columns(part, {_columnName(name): texts.get(name, columns[name]) for name in names}, title)
        for name in names:
            node.SetColumnTitle(_columnName(name), heading(name))
        node.SetUseFirstColumnAsRowHeader(True)
        return node

    def columns(self, part, columns, title=None):
        """A table of columns: numbers, or texts where a column holds any; a missing number is not a number."""
        import vtk

        node = self._node("vtkMRMLTableNode", part, title or part)
        wasModifying = node.StartModify()
        node.RemoveAllColumns()
        node.SetUseColumnTitleAsColumnHeader(True)  # else the columns are headed A, B, C
        node.SetLocked(True)
        for name, values in columns.items():
            isText = any(isinstance(value, str) for value in values)
            array = vtk.vtkStringArray() if isText else vtk.vtkDoubleArray()
            array.SetName(name)
            for value in values:
                array.InsertNextValue(_cell(value, isText))
            node.AddColumn(array)
        node.Modified()
        node.EndModify(wasModifying)
        return node

    def line(self, part, title, points, color, isDashed=False):
        table = self.columns(f"points of {part}", {"x": [x for x, _ in points], "y": [y for _, y in points]})
        node = self._series(part, title, table, "y", color)
        node.SetXColumnName("x")
        node.SetPlotType(node.PlotTypeScatter)
        node.SetLineStyle(node.LineStyleDash if isDashed else node.LineStyleSolid)
        node.SetMarkerStyle(node.MarkerStyleNone if isDashed else node.MarkerStyleCircle)
        node.SetLineWidth(1 if isDashed else 2)
        return node

    def points(self, part, title, table, column, color, marker):
        node = self._series(part, title, table, column, color)
        node.SetLabelColumnName("reader")
        node.SetPlotType(node.PlotTypeLine)
        node.SetLineStyle(node.LineStyleNone)
        node.SetMarkerStyle(marker)
        node.SetMarkerSize(9)
        return node

    def bars(self, part, title, table, labels, column, color):
        node = self._series(part, title, table, column, color)
        node.SetLabelColumnName(labels)
        node.SetPlotType(node.PlotTypeBar)
        return node

    def chart(self, part, title, xTitle, yTitle, series):
        node = self._node("vtkMRMLPlotChartNode", part, part)
        node.RemoveAllPlotSeriesNodeIDs()
        for one in series:
            node.AddAndObservePlotSeriesNodeID(one.GetID())
        node.SetTitle(title)
        node.SetXAxisTitle(xTitle)
        node.SetYAxisTitle(yTitle)
        return node

    def removeStale(self):
        """Parts of an earlier report that this one does not have."""
        for key, node in self._known.items():
            if key not in self._used and slicer.mrmlScene.IsNodePresent(node):
                slicer.mrmlScene.RemoveNode(node)

    def _series(self, part, title, table, column, color):
        node = self._node("vtkMRMLPlotSeriesNode", part, title)
        node.SetName(title)
        node.SetAndObserveTableNodeID(table.GetID())
        node.SetYColumnName(column)
        node.SetColor(*color)
        return node

    def _node(self, className, part, title):
        self._used.add((className, part))
        node = self._known.get((className, part))
        if node is None:
            node = slicer.mrmlScene.AddNewNodeByClass(className, f"{self._title}: {title}")
            node.SetAttribute(STUDY_ATTRIBUTE, self._study)
            node.SetAttribute(PART_ATTRIBUTE, part)
            self._place(node)
        return node

    def _place(self, node):
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        if self._folder is None:
            known = [hierarchy.GetItemByDataNode(other) for other in self._known.values()]
            parents = [hierarchy.GetItemParent(item) for item in known if item]
            self._folder = (
                parents[0]
                if parents
                else hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), f"Report of {self._title}")
            )
        item = hierarchy.GetItemByDataNode(node)
        if item:
            hierarchy.SetItemParent(item, self._folder)
        else:
            hierarchy.CreateItem(self._folder, node)


def _columnName(name):
    return name.replace("_", " ")


def _cell(value, isText):
    """A value as it is kept: rounded; what is 0 but for rounding is 0, and not -0."""
    if isinstance(value, str) or value is None:
        return (value or "") if isText else float("nan")
    number = float(f"{value:.{DIGITS}g}") if abs(value) > ROUNDING else 0.0
    return f"{number:g}" if isText else number
