"""Draw the icons of the extension and of its modules: run ``make icons``; the pictures are kept in the repository."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QGuiApplication, QImage, QPainter, QPainterPath, QPen, QRadialGradient

from synthetic_imaging import phantom

ROOT = Path(__file__).resolve().parents[1]
SIZE = 128
NIGHT, BODY, ORGAN, LESION = QColor("#12263f"), QColor("#7f93a8"), QColor(221, 130, 101), QColor(144, 238, 144)
BONE = QColor("#f3ead6")


def canvas() -> tuple[QImage, QPainter]:
    """A transparent picture with a dark tile, and a painter on it, in units of 1/128 of the side."""
    image = QImage(SIZE, SIZE, QImage.Format_ARGB32)
    image.fill(Qt.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.Antialiasing)
    painter.setPen(Qt.NoPen)
    painter.setBrush(NIGHT)
    painter.drawRoundedRect(QRectF(2, 2, 124, 124), 24, 24)
    return image, painter


def curve(start, *cubics) -> QPainterPath:
    """A closed path of cubic pieces, each given by two control points and its end."""
    path = QPainterPath(QPointF(*start))
    for first, second, end in cubics:
        path.cubicTo(QPointF(*first), QPointF(*second), QPointF(*end))
    path.closeSubpath()
    return path


def lesion(painter: QPainter, x: float, y: float, radius: float) -> None:
    """A glowing nodule."""
    glow = QRadialGradient(QPointF(x, y), radius * 1.7)
    glow.setColorAt(0.5, QColor(144, 238, 144, 130))
    glow.setColorAt(1.0, QColor(144, 238, 144, 0))
    painter.setPen(Qt.NoPen)
    painter.setBrush(QBrush(glow))
    painter.drawEllipse(QPointF(x, y), radius * 1.7, radius * 1.7)
    painter.setBrush(LESION)
    painter.drawEllipse(QPointF(x, y), radius, radius)


def draw_home(path: Path) -> None:
    """An axial slice of a torso: body, ribs' ring, liver, spine, and one added lesion."""
    image, painter = canvas()
    painter.setBrush(BODY)
    painter.drawEllipse(QRectF(12, 24, 104, 80))
    painter.setBrush(QColor("#33475d"))
    painter.drawEllipse(QRectF(20, 31, 88, 64))
    painter.setBrush(ORGAN)
    liver = curve(
        (26, 62), ((24, 40), (44, 34), (64, 36)), ((74, 37), (80, 42), (76, 48)), ((70, 58), (56, 60), (52, 74)),
        ((48, 88), (28, 84), (26, 62)),
    )  # fmt: skip
    painter.drawPath(liver)
    painter.setBrush(BONE)
    painter.drawEllipse(QRectF(54, 76, 20, 17))
    painter.drawRoundedRect(QRectF(60, 90, 8, 11), 3, 3)
    painter.setBrush(QColor("#c8505a"))
    painter.drawEllipse(QPointF(72, 70), 6, 6)
    lesion(painter, 44, 56, 11)
    painter.end()
    save(image, path)


def draw_tumor(path: Path) -> None:
    """A liver with its vessels and a lesion under a place cross."""
    image, painter = canvas()
    painter.setBrush(ORGAN)
    liver = curve(
        (14, 70), ((12, 36), (40, 22), (70, 24)), ((96, 25), (116, 36), (115, 48)), ((114, 60), (92, 60), (82, 72)),
        ((70, 90), (60, 110), (38, 106)), ((20, 102), (15, 88), (14, 70)),
    )  # fmt: skip
    painter.drawPath(liver)
    painter.setPen(QPen(QColor("#8c3d35"), 4.5, Qt.SolidLine, Qt.RoundCap))
    painter.setBrush(Qt.NoBrush)
    vessels = QPainterPath(QPointF(84, 68))
    vessels.cubicTo(QPointF(78, 56), QPointF(70, 50), QPointF(70, 34))
    vessels.moveTo(QPointF(76, 53))
    vessels.cubicTo(QPointF(84, 46), QPointF(92, 44), QPointF(100, 44))
    painter.drawPath(vessels)
    lesion(painter, 46, 66, 17)
    painter.setPen(QPen(QColor("white"), 5, Qt.SolidLine, Qt.RoundCap))
    for start, end in (((46, 34), (46, 46)), ((46, 86), (46, 98)), ((14, 66), (26, 66)), ((66, 66), (78, 66))):
        painter.drawLine(QPointF(*start), QPointF(*end))
    painter.end()
    save(image, path)


def draw_carm(path: Path) -> None:
    """A C-arm around a patient: tube below, detector above, the beam between them."""
    image, painter = canvas()
    painter.setBrush(QColor(255, 214, 92, 70))
    painter.drawPolygon([QPointF(56, 104), QPointF(34, 30), QPointF(78, 30)])
    painter.setBrush(BODY)
    painter.drawEllipse(QRectF(26, 52, 60, 34))
    painter.setBrush(BONE)
    painter.drawEllipse(QRectF(49, 70, 14, 12))
    painter.setBrush(Qt.NoBrush)
    painter.setPen(QPen(QColor("#dfe7ef"), 11, Qt.SolidLine, Qt.FlatCap))
    painter.drawArc(QRectF(18, 24, 88, 88), 78 * 16, -156 * 16)
    painter.setPen(Qt.NoPen)
    painter.setBrush(QColor("#f4f7fa"))
    painter.drawRoundedRect(QRectF(28, 18, 56, 13), 4, 4)
    painter.setBrush(QColor("#9fb2c4"))
    painter.drawRoundedRect(QRectF(40, 100, 32, 16), 5, 5)
    painter.setBrush(QColor("#ffd65c"))
    painter.drawEllipse(QPointF(56, 103), 4, 4)
    painter.end()
    save(image, path)


def draw_turing(path: Path) -> None:
    """Two equal lesions side by side, an eye above them that cannot tell which one was made."""
    image, painter = canvas()
    painter.setBrush(ORGAN)
    for left in (14, 68):
        painter.drawRoundedRect(QRectF(left, 62, 46, 50), 9, 9)
    for x in (37, 91):
        painter.setBrush(QColor("#8f4f3c"))
        painter.drawEllipse(QPointF(x, 87), 12, 12)
    lesion(painter, 91, 87, 9)
    painter.setBrush(QColor("#f4f7fa"))
    painter.drawPath(curve((28, 36), ((46, 10), (82, 10), (100, 36)), ((82, 60), (46, 60), (28, 36))))
    painter.setBrush(QColor("#3b82c4"))
    painter.drawEllipse(QPointF(64, 35), 14, 14)
    painter.setBrush(NIGHT)
    painter.drawEllipse(QPointF(64, 35), 6, 6)
    painter.end()
    save(image, path)


def draw_segmenter(path: Path) -> None:
    """An axial slice whose organs have been outlined and filled, each in a color of its own."""
    image, painter = canvas()
    painter.setBrush(BODY)
    painter.drawEllipse(QRectF(10, 24, 108, 80))
    painter.setBrush(QColor("#33475d"))
    painter.drawEllipse(QRectF(17, 30, 94, 68))
    organs = (
        (ORGAN, curve((24, 62), ((22, 40), (40, 34), (60, 36)), ((72, 38), (74, 46), (62, 56)),
                      ((52, 64), (50, 84), (38, 84)), ((28, 84), (25, 74), (24, 62)))),
        (QColor(157, 108, 162), curve((94, 50), ((108, 56), (106, 74), (94, 82)), ((86, 80), (88, 62), (94, 50)))),
        (QColor(240, 200, 90), curve((70, 42), ((84, 36), (96, 42), (88, 52)), ((80, 60), (66, 54), (70, 42)))),
        (QColor(128, 174, 128), curve((76, 74), ((86, 66), (90, 80), (82, 88)), ((74, 90), (70, 80), (76, 74)))),
    )  # fmt: skip
    painter.setPen(QPen(QColor("white"), 3))
    for color, outline in organs:
        painter.setBrush(color)
        painter.drawPath(outline)
    painter.setPen(Qt.NoPen)
    painter.setBrush(BONE)
    painter.drawEllipse(QRectF(54, 76, 18, 16))
    painter.end()
    save(image, path)


def draw_phantom(path: Path) -> None:
    """The torso phantom from the front and in one axial slice, in the window of the abdomen, 260 by 280 pixels."""
    ct = phantom.torso(seed=0).ct
    picture = QImage(260, 280, QImage.Format_RGB32)
    picture.fill(Qt.black)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.SmoothPixmapTransform)
    slices, rows, columns = ct.shape
    spacing = ct.spacing_mm
    views = (
        (ct.numpy()[:, rows // 2, :], spacing[0], spacing[2], QRectF(0, 0, 260, 160)),
        (ct.numpy()[slices // 2], spacing[0], spacing[1], QRectF(0, 164, 260, 116)),
    )
    for array, width_mm, height_mm, place in views:
        gray = np.clip((array.astype(np.float32) - 40 + 200) / 400 * 255, 0, 255).astype(np.uint8)
        if array.shape == (slices, columns):
            gray = gray[::-1]  # superior is up
        gray = np.ascontiguousarray(gray)
        image = QImage(gray.data, gray.shape[1], gray.shape[0], gray.shape[1], QImage.Format_Grayscale8)
        scale = min(place.width() / (gray.shape[1] * width_mm), place.height() / (gray.shape[0] * height_mm))
        size = (gray.shape[1] * width_mm * scale, gray.shape[0] * height_mm * scale)
        corner = (place.center().x() - size[0] / 2, place.center().y() - size[1] / 2)
        painter.drawImage(QRectF(*corner, *size), image)
    painter.end()
    save(picture, path)


def save(image: QImage, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not image.save(str(path)):
        raise OSError(f"could not write {path}")


def main() -> None:
    application = QGuiApplication([])
    modules = ROOT / "SyntheticImagingExt"
    draw_home(ROOT / "Resources" / "SyntheticImaging.png")
    draw_home(modules / "SyntheticImaging" / "Resources" / "Icons" / "SyntheticImaging.png")
    draw_phantom(modules / "SyntheticImaging" / "Resources" / "Icons" / "TorsoPhantom.png")
    draw_segmenter(modules / "PretrainedSegmenter" / "Resources" / "Icons" / "PretrainedSegmenter.png")
    draw_tumor(modules / "SyntheticTumor" / "Resources" / "Icons" / "SyntheticTumor.png")
    draw_carm(modules / "VirtualCArm" / "Resources" / "Icons" / "VirtualCArm.png")
    draw_turing(modules / "VisualTuring" / "Resources" / "Icons" / "VisualTuring.png")
    del application


if __name__ == "__main__":
    main()
