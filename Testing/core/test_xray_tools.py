"""Tools: meshes checked, chords against closed forms, tissue displaced once."""

import numpy as np
import pytest
import torch
import xray_bodies as bodies
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from synthetic_imaging.errors import InputError
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import mesh_files, shapes, tools
from synthetic_imaging.xray.geometry import Pose, View
from synthetic_imaging.xray.meshes import Mesh
from synthetic_imaging.xray.projector import WATER, Bases, Projector, water_path
from synthetic_imaging.xray.tools import Tool

FACES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
TRIANGLES = np.array([part for a, b, c, d in FACES for part in ((a, b, c), (a, c, d))])
WATER_BONE = Bases((-1000, 100, 1900, 3000), ((0, 1.1, 0, 0), (0, 0, 1, 1.4)))
MAKERS = {"kwire": shapes.kwire, "needle": shapes.needle, "screw": shapes.screw, "snake": shapes.snake}


def box_mesh(body: bodies.Body) -> Mesh:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * body.size_mm
    return Mesh(body.center_ras + corners @ body.axes.T, TRIANGLES)


def ball_mesh(center, radius_mm: float, points: int = 3000) -> Mesh:
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(points)
    z = np.linspace(-1, 1, points)
    flat = np.sqrt(1 - z**2)
    vertices = np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1)
    hull = ConvexHull(vertices).simplices
    a, b, c = np.moveaxis(vertices[hull], 1, 0)
    inwards = (np.cross(b - a, c - a) * a).sum(axis=1) < 0
    hull[inwards] = hull[inwards][:, ::-1]
    return Mesh(np.asarray(center) + radius_mm * vertices, hull)


def random_box(rng, size=(5, 25)) -> bodies.Body:
    turn = Rotation.random(random_state=int(rng.integers(1 << 31))).as_matrix()
    return bodies.Body("box", rng.uniform(*size, 3), turn, rng.uniform(-8, 8, 3))


def exact(body, view):
    return body.chords_mm(np.array(view.source_ras), bodies.pixels_ras(view))


def test_chords_of_boxes_from_anywhere():
    """Exact to rounding: from outside, with the source inside, the detector inside, both, and partly behind."""
    rng = np.random.default_rng(0)
    for number in range(50):
        view = bodies.random_view(rng, 90.0, 60)
        body = random_box(rng)
        if number % 5:
            ends = [np.array(view.source_ras), bodies.pixels_ras(view)[30, 30]]
            middle = [ends[0], ends[1], (ends[0] + ends[1]) / 2, ends[0]][number % 5 - 1]
            size = [np.full(3, 40.0), np.full(3, 60.0), np.full(3, 4000.0), np.array([5.0, 400, 70])][number % 5 - 1]
            body = bodies.Body("box", size, body.axes, middle + rng.uniform(-4, 4, 3))
        chords = tools.chords(box_mesh(body), view).numpy()
        assert chords.shape == (60, 60) and chords.max() > 0
        assert np.abs(chords - exact(body, view)).max() < 1e-3


def test_rays_through_edges_and_corners():
    """A box whose edges and corners project exactly onto pixel centers: each ray enters and leaves it once."""
    view = View.of(bodies.machine(1000, 500, 41, 1.0), Pose())
    for half in (np.array([2.5, 2.5, 2.5]), np.array([5.0, 10.0, 2.0]), np.array([0.5, 3.0, 10.0])):
        body = bodies.Body("box", half, np.eye(3), np.zeros(3))
        chords = tools.chords(box_mesh(body), view).numpy()
        grown, shrunk = (bodies.Body("box", half + by, np.eye(3), np.zeros(3)) for by in (1e-6, -1e-6))
        low, high = np.sort([exact(grown, view), exact(shrunk, view)], axis=0)
        assert (chords >= low - 1e-3).all() and (chords <= high + 1e-3).all()


def test_chords_of_a_ball():
    """A finely faceted ball against the sphere: within what the facets cut off."""
    rng = np.random.default_rng(1)
    for _ in range(5):
        view = bodies.random_view(rng, 60.0, 80)
        sphere = bodies.Body("ellipsoid", np.full(3, 20.0), np.eye(3), rng.uniform(-5, 5, 3))
        chords = tools.chords(ball_mesh(sphere.center_ras, 20.0), view).numpy()
        source, targets = np.array(view.source_ras), bodies.pixels_ras(view)
        assert chords.sum() == pytest.approx(exact(sphere, view).sum(), rel=4e-3)
        clear = sphere.clear(source, targets, 1.0)
        assert np.abs(chords - exact(sphere, view))[clear].max() < 0.2


@pytest.mark.parametrize("kind", ["box", "ball"])
def test_a_mesh_and_its_voxels_have_the_same_chords(kind):
    """Within a voxel, the same body once as triangles and once as shares of voxels, away from its edges."""
    rng = np.random.default_rng(7)
    for _ in range(6):
        turn = Rotation.random(random_state=int(rng.integers(1 << 31))).as_matrix()
        size = rng.uniform(15, 25, 3) if kind == "box" else np.full(3, rng.uniform(15, 25))
        body = bodies.Body("box" if kind == "box" else "ellipsoid", size, turn, rng.uniform(-3, 3, 3))
        mesh = box_mesh(body) if kind == "box" else ball_mesh(body.center_ras, size[0], 12000)
        grid = bodies.random_grid(rng, body.reach_mm + 6, rng.uniform(0.6, 1.2, 3))
        view = bodies.random_view(rng, 80.0, 60)
        voxels = water_path(grid.like(1000 * body.filled(grid) - 1000), view)
        difference = (tools.chords(mesh, view) - voxels).abs().numpy()
        band = float(np.linalg.norm(grid.spacing_mm))
        clear = body.clear(np.array(view.source_ras), bodies.pixels_ras(view), band)
        assert difference[clear].max() < grid.spacing_mm.min() and difference.mean() < 0.1 * band


@pytest.mark.parametrize("name", MAKERS)
def test_instruments_are_closed_and_weigh_what_they_should(name):
    """Each instrument from many sides: the integral of its chords over the beam is its volume."""
    rng = np.random.default_rng(3)
    for _ in range(3):
        direction = rng.normal(size=3)
        mesh = MAKERS[name]((1, 2, 3), direction)
        assert mesh.volume_mm3 > 0
        middle = mesh.vertices_ras.mean(axis=0)
        view = bodies.random_view(rng, 2.4 * np.abs(mesh.vertices_ras - middle).max(), 900, middle)
        chords = tools.chords(mesh, view).numpy()
        to_pixel = bodies.pixels_ras(view) - view.source_ras
        far = np.linalg.norm(to_pixel, axis=-1)
        # volume of a cone of rays is ∫ r² dr dΩ; for a small thing at distance r that is chord · r² · dΩ
        solid_angle = np.prod(view.pixel_mm) * (to_pixel @ view.direction_ras) / far**3
        near = np.linalg.norm(mesh.vertices_ras - view.source_ras, axis=1)
        volume = (chords * solid_angle).sum()
        assert near.min() ** 2 * volume * 0.99 < mesh.volume_mm3 < near.max() ** 2 * volume * 1.01


def test_instruments_have_their_sizes():
    rod = shapes.kwire((0, 0, 0), (0, 0, 1), length_mm=100, diameter_mm=2)
    assert rod.volume_mm3 == pytest.approx(np.pi * (94 + 2), rel=0.01)
    assert rod.vertices_ras[:, 2].max() == 0 and rod.vertices_ras[:, 2].min() == -100
    tube = shapes.needle((0, 0, 0), (1, 0, 0), length_mm=100, diameter_mm=2, bore_mm=1.6, bevel_deg=90)
    assert tube.volume_mm3 == pytest.approx(np.pi * (1 - 0.64) * 100, rel=0.01)
    cut = shapes.needle((0, 0, 0), (1, 0, 0), length_mm=100, diameter_mm=2, bore_mm=1.6, bevel_deg=45)
    assert cut.volume_mm3 == pytest.approx(np.pi * (1 - 0.64) * 99, rel=0.01)
    thread = shapes.screw((0, 0, 0), (0, 0, -1), length_mm=50, head_length_mm=4)
    assert thread.vertices_ras[:, 2].max() == 54
    assert np.pi * 2.25**2 * 40 < thread.volume_mm3 < np.pi * (3.25**2 * 50 + 4**2 * 4)
    straight, bent = (shapes.snake((0, 0, 0), (0, 0, 1), (1, 0, 0), bend_deg=angle) for angle in (0, 80))
    assert bent.volume_mm3 == pytest.approx(straight.volume_mm3, rel=0.02)
    assert np.ptp(straight.vertices_ras[:, 0]) < 6.1 < 15 < np.ptp(bent.vertices_ras[:, 0])


def test_overlapping_tools_are_not_counted_twice():
    """In an overlap the first counts; together they are the union. A mesh that cuts itself has one inside."""
    rng = np.random.default_rng(4)
    view = bodies.random_view(rng, 80.0, 64)
    first = bodies.Body("box", np.array([10.0, 9, 8]), np.eye(3), np.zeros(3))
    second = bodies.Body("box", np.array([12.0, 5, 9]), np.eye(3), np.array([6.0, 3, 2]))
    traced = tools.trace([Tool("a", box_mesh(first), "titanium"), Tool("b", box_mesh(second), "titanium")], view)
    assert np.abs(traced.lengths_mm[0].numpy() - exact(first, view)).max() < 1e-6
    low = np.maximum(first.center_ras - first.size_mm, second.center_ras - second.size_mm)
    high = np.minimum(first.center_ras + first.size_mm, second.center_ras + second.size_mm)
    both = bodies.Body("box", (high - low) / 2, np.eye(3), (low + high) / 2)
    assert np.abs(traced.lengths_mm[1].numpy() - (exact(second, view) - exact(both, view))).max() < 1e-6
    parts = [box_mesh(first), box_mesh(second)]
    joined = Mesh(np.concatenate([part.vertices_ras for part in parts]), np.concatenate([TRIANGLES, TRIANGLES + 8]))
    assert torch.allclose(tools.chords(joined, view), traced.lengths_mm.sum(0), atol=1e-6)


def test_an_implant_in_bone_is_not_counted_twice():
    """A steel block inside a block of bone: bone is missing exactly where the steel is."""
    spacing = np.array([0.8, 0.8, 1.2])
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag(spacing)
    shape = (60, 80, 80)
    matrix[:3, 3] = -spacing * (np.array(shape[::-1]) - 1) / 2
    bone = Volume(torch.full(shape, 1900.0), matrix)
    prepared = Projector(bone, WATER_BONE)
    rng = np.random.default_rng(5)
    for _ in range(6):
        view = bodies.random_view(rng, 60.0, 48)
        block = random_box(rng, (4, 9))
        paths = dict(zip(("water", "cortical-bone"), prepared.integrate(view), strict=True))
        with_steel = tools.with_tools(paths, prepared, view, [Tool("block", box_mesh(block), "steel")])
        inside = torch.from_numpy(exact(block, view)).float()
        assert torch.allclose(with_steel["steel"], inside, atol=1e-3)
        assert torch.allclose(with_steel["cortical-bone"], paths["cortical-bone"] - inside, atol=0.01)
        assert with_steel["water"].abs().max() < 0.01
        assert set(paths) == {"water", "cortical-bone"}


def test_an_implant_takes_away_what_the_ct_shows_there():
    """In a rough CT, what is left is the CT with air inside the tool, to what a voxel's edge leaves open."""
    rng = np.random.default_rng(6)
    grid = bodies.random_grid(rng, 30.0, np.array([0.5, 0.5, 0.5]), oblique=False)
    ct = grid.like(torch.from_numpy(rng.uniform(0, 1000, grid.shape)).float())
    block = bodies.Body("box", np.array([8.0, 6, 10]), np.eye(3), np.zeros(3))
    view = bodies.random_view(rng, 50.0, 40)
    prepared = Projector(ct, WATER)
    left = tools.with_tools(
        {"water": prepared.integrate(view)[0]}, prepared, view, [Tool("b", box_mesh(block), "steel")]
    )
    hole = grid.like(torch.where(block.filled(grid) > 0.5, torch.tensor(-1000.0), ct.data))
    emptied = Projector(hole, WATER).integrate(view)[0]
    assert float((left["water"] - emptied).abs().mean()) < 0.01 * float(emptied.mean())


def test_contrast_agent_comes_on_top():
    """A vessel of 10 mm with 20 mg of iodine per ml: 10 mm of a 20/4930 share of iodine, and the blood stays."""
    vessel = bodies.Body("box", np.array([5.0, 5, 30]), np.eye(3), np.zeros(3))
    view = View.of(bodies.machine(1000, 500, 21, 1.0), Pose())
    ct = Volume(
        torch.zeros((40, 40, 40)), np.array([[1.0, 0, 0, -19.5], [0, 1, 0, -19.5], [0, 0, 1, -19.5], [0, 0, 0, 1]])
    )
    prepared = Projector(ct, WATER)
    paths = {"water": prepared.integrate(view)[0]}
    filled = tools.with_tools(paths, prepared, view, [tools.contrast_in("vein", box_mesh(vessel), 20.0)])
    assert torch.equal(filled["water"], paths["water"])
    assert float(filled["iodine"][10, 10]) == pytest.approx(10 * 20 / 4930, rel=1e-4)


def test_masks_are_where_chords_are():
    view = View.of(bodies.machine(1000, 500, 40, 1.0), Pose(30, 20))
    traced = tools.trace([Tool("wire", shapes.kwire((0, 0, 5), (0, 0, 1)), "steel")], view)
    assert torch.equal(traced.masks(), traced.lengths_mm > 0)
    assert 5 < int(traced.masks().sum()) < 200
    nothing = tools.trace([], view)
    assert nothing.lengths_mm.shape == (0, 40, 40)
    aside = tools.trace([Tool("wire", shapes.kwire((500, 0, 5), (0, 0, 1)), "steel")], view)
    assert not aside.lengths_mm.any() and not len(aside.pixels)


def test_stl_both_ways(tmp_path):
    mesh = shapes.kwire((1, 2, 3), (1, 1, 0))
    mesh_files.write_stl(tmp_path / "wire.stl", mesh)
    again = mesh_files.read_mesh(tmp_path / "wire.stl").closed()
    assert again.volume_mm3 == pytest.approx(mesh.volume_mm3, rel=1e-4)
    lines = ["solid wire"]
    for corners in mesh.vertices_ras[mesh.triangles]:
        points = ["vertex {} {} {}".format(*corner) for corner in corners]
        lines += ["facet normal 0 0 0", "outer loop", *points, "endloop", "endfacet"]
    (tmp_path / "text.stl").write_text("\n".join([*lines, "endsolid wire"]))
    assert mesh_files.read_mesh(tmp_path / "text.stl").closed().volume_mm3 == pytest.approx(mesh.volume_mm3, rel=1e-9)


def test_turned_inside_out_is_turned_back():
    mesh = box_mesh(bodies.Body("box", np.ones(3), np.eye(3), np.zeros(3)))
    assert Mesh(mesh.vertices_ras, mesh.triangles[:, ::-1]).closed().volume_mm3 == pytest.approx(8)
    mirrored = mesh.moved(np.diag([-1.0, 2, 1, 1]))
    assert mirrored.volume_mm3 == pytest.approx(16)


def test_bad_meshes(tmp_path):
    mesh = box_mesh(bodies.Body("box", np.ones(3), np.eye(3), np.zeros(3)))
    with pytest.raises(InputError, match="not watertight: 3 of its edges border a hole"):
        Tool("open", Mesh(mesh.vertices_ras, mesh.triangles[1:]), "steel")
    twisted = mesh.triangles.copy()
    twisted[0] = twisted[0, ::-1]
    with pytest.raises(InputError, match="face outwards: at 3 edges"):
        Tool("twisted", Mesh(mesh.vertices_ras, twisted), "steel")
    with pytest.raises(InputError, match="material"):
        Tool("cheese", mesh, "cheese")
    with pytest.raises(InputError, match="no triangles"):
        Mesh(mesh.vertices_ras, np.empty((0, 3), dtype=int))
    with pytest.raises(InputError, match="does not exist"):
        Mesh(mesh.vertices_ras, mesh.triangles + 1)
    with pytest.raises(InputError, match="finite"):
        Mesh(mesh.vertices_ras * np.nan, mesh.triangles)
    with pytest.raises(InputError, match="cannot be read"):
        mesh_files.read_mesh(tmp_path / "absent.stl")
    (tmp_path / "text.stl").write_text("this is no mesh, vertex 1 two 3")
    with pytest.raises(InputError, match="holds no triangles"):
        mesh_files.read_mesh(tmp_path / "text.stl")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: shapes.kwire((0, 0, 0), (0, 0, 0)), "no length"),
        (lambda: shapes.kwire((0, 0, 0), (0, 0, 1), diameter_mm=0), "diameter_mm"),
        (lambda: shapes.needle((0, 0, 0), (0, 0, 1), bore_mm=2), "does not fit"),
        (lambda: shapes.needle((0, 0, 0), (0, 0, 1), length_mm=2, bevel_deg=10), "shorter than its bevel"),
        (lambda: shapes.screw((0, 0, 0), (0, 0, 1), core_mm=9), "core"),
        (lambda: shapes.snake((0, 0, 0), (0, 0, 1)), "along its own direction"),
        (lambda: shapes.snake((0, 0, 0), (1, 0, 0), bend_deg=900), "bend it less"),
        (lambda: shapes.snake((0, 0, 0), (1, 0, 0), bend_deg=300), "bend it less"),  # it would meet itself
        (lambda: shapes.kwire((0, 0, 0), (0, 0, 1), sides=2), "sides"),
    ],
)
def test_impossible_instruments(make, words):
    with pytest.raises(InputError, match=words):
        make()
