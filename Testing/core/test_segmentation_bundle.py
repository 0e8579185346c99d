"""MONAI bundles: the labels of MONAI's own classes, and nothing of a bundle is run."""

import json
from copy import deepcopy

import numpy as np
import pytest
import segmentation_models as models
import torch

from synthetic_imaging import segmentation
from synthetic_imaging.errors import InputError
from synthetic_imaging.segmentation.bundle_config import Config, Expression
from synthetic_imaging.steps import finished

SAME = 1e-3
"""Share of voxels on the edge between two labels that rounding may turn."""


def run(model, volume, **settings):
    return finished(model.segment([volume], segmentation.Settings(**settings))).numpy()


def by_monai(folder, volume):
    """Labels (K, J, I) by MONAI's own parser, transforms, network and inferer."""
    monai = pytest.importorskip("monai")
    from monai.bundle import ConfigParser
    from monai.transforms import Compose

    config = json.loads((folder / "configs" / "inference.json").read_text())
    # the volume is in memory already, and nothing is written
    for part in ("preprocessing", "postprocessing"):
        skipped = ("LoadImaged", "SaveImaged", "EnsureChannelFirstd")
        config[part]["transforms"] = [
            step for step in config[part]["transforms"] if step["_target_"].rpartition(".")[2] not in skipped
        ]
    config["network_def"].pop("img_size", None)
    parser = ConfigParser({key: value for key, value in config.items() if key not in ("imports", "run")})
    parser["device"] = torch.device("cpu")
    network = parser.get_parsed_content("network_def")
    network.load_state_dict(torch.load(folder / "models" / "model.pt", weights_only=True))
    array = torch.from_numpy(volume.numpy().transpose(2, 1, 0)[None].astype(np.float32).copy())
    image = monai.data.MetaTensor(array, affine=torch.from_numpy(volume.ijk_to_ras))
    before = parser.get_parsed_content("preprocessing")
    assert isinstance(before, Compose)
    data = before({"image": image})
    with torch.no_grad():
        answer = parser.get_parsed_content("inferer")(data["image"][None], network.eval())[0]
    data["pred"] = monai.data.MetaTensor(answer, meta=data["image"].meta)
    data["pred"].applied_operations = data["image"].applied_operations
    labels = parser.get_parsed_content("postprocessing")(data)["pred"]
    return labels.numpy().astype(int)


NETWORKS = [
    pytest.param(name, marks=pytest.mark.slow) if name == "SwinUNETR" else name for name in models.MONAI_NETWORKS
]


@pytest.mark.parametrize("network", NETWORKS)
def test_labels_are_those_of_monai(tmp_path, network):
    config = models.bundle_config(network)
    if network == "SwinUNETR":
        config["inferer"]["roi_size"] = [64, 64, 64]
    folder = models.bundle(tmp_path / network, network, config)
    model, volume = segmentation.open_model(folder), models.image((18, 30, 28), (1.7, 1.5, 2.2))
    expected = by_monai(folder, volume)[0].transpose(2, 1, 0)
    assert np.bincount(expected.ravel(), minlength=3).min() > 5, "all labels appear"
    assert np.mean(run(model, volume) != expected) < SAME


def wide(config):
    config["inferer"].update(mode="gaussian", padding_mode="replicate", overlap=0.25)
    steps = config["preprocessing"]["transforms"]
    steps[4:5] = [{"_target_": "NormalizeIntensityd", "keys": "image", "nonzero": True},
                  {"_target_": "ScaleIntensityd", "keys": "image", "minv": -1.0, "maxv": 1.0}]  # fmt: skip
    steps = config["postprocessing"]["transforms"]
    steps[1], steps[2] = steps[2], {**steps[1], "nearest_interp": True}


def early(config):
    steps = config["preprocessing"]["transforms"]
    steps.insert(2, steps.pop(4))
    config["postprocessing"]["transforms"][1]["nearest_interp"] = True


def other_axes(config):
    config["preprocessing"]["transforms"][2]["axcodes"] = "LPS"
    config["network_def"]["_target_"] = "monai.networks.nets.UNet"
    config["network_def"]["norm"] = ["instance", {"affine": True}]


@pytest.mark.parametrize("change", [wide, early, other_axes])
@pytest.mark.parametrize("tilt", [False, True])
def test_every_path_of_a_configuration(tmp_path, change, tilt):
    config = models.bundle_config()
    change(config)
    folder = models.bundle(tmp_path / "bundle", "UNet", config)
    volume = models.image((12, 25, 20), (1.73, 1.57, 2.21), tilt=tilt)  # no voxel halfway between two others
    expected = by_monai(folder, volume)[0].transpose(2, 1, 0)
    assert np.mean(run(segmentation.open_model(folder), volume) != expected) < SAME


def test_regions_of_a_bundle(tmp_path):
    config = models.bundle_config()
    config["postprocessing"]["transforms"][0] = {"_target_": "Activationsd", "keys": "pred", "sigmoid": True}
    config["postprocessing"]["transforms"][2] = {"_target_": "AsDiscreted", "keys": "pred", "threshold": 0.5}
    folder = models.bundle(tmp_path / "bundle", "UNet", config)
    model, volume = segmentation.open_model(folder), models.image((18, 30, 28), (1.7, 1.5, 2.2))
    regions = by_monai(folder, volume).transpose(0, 3, 2, 1)
    expected = np.zeros(volume.shape, int)
    for value, region in enumerate(regions, 1):
        expected[region > 0] = value
    assert [label.value for label in model.labels] == [1, 2, 3]
    assert np.mean(run(model, volume) != expected) < SAME


def test_the_card_of_a_bundle(tmp_path):
    model = segmentation.open_model(models.bundle(tmp_path / "bundle"))
    assert model.card.kind == "monai" and model.card.name == "Tiny bundle" and model.card.version == "0.1.0"
    assert [(label.value, label.name) for label in model.labels] == [(1, "liver"), (2, "tumor")]
    assert model.inputs == ("CT image",) and model.recipe.modalities == ("CT",)
    assert model.card.metrics == ({"name": "mean_dice", "value": 0.5, "data": "none"},)


def test_weights_inside_a_checkpoint(tmp_path):
    folder = models.bundle(tmp_path / "bundle")
    volume = models.image()
    plain = run(segmentation.open_model(folder), volume)
    path = folder / "models" / "model.pt"
    weights = torch.load(path, weights_only=True)
    torch.save({"model": {f"module.{key}": value for key, value in weights.items()}, "epoch": 3}, path)
    assert np.array_equal(run(segmentation.open_model(folder), volume), plain)


def test_expressions_are_not_evaluated(tmp_path):
    marker = tmp_path / "was run"
    evil = f"$open({str(marker)!r}, 'w')"
    config = models.bundle_config(imports=[f"$open({str(marker)!r}, 'w')"], initialize=[evil], evil=evil)
    folder = models.bundle(tmp_path / "bundle", "UNet", config)
    assert segmentation.open_model(folder).labels
    for place, key in (("inferer", "roi_size"), ("network_def", "in_channels"), ("inferer", "_target_")):
        bad = deepcopy(config)
        bad[place][key] = evil
        (folder / "configs" / "inference.json").write_text(json.dumps(bad))
        with pytest.raises(InputError, match="never evaluated"):
            segmentation.open_model(folder)
    assert not marker.exists()


def test_only_known_expressions_are_data():
    config = Config({"a": 2, "yes": True, "list": "$[1, 2.5, 'x']", "pick": "$(1, 2) if @yes else (3, 4)", "ref": "$@a",
                     "deep": {"b": ["@a", "%other"]}, "sum": "$@a + 1", "call": "$len([1])"}, "test")  # fmt: skip
    assert config["list"].value == [1, 2.5, "x"] and config["pick"].value == [1, 2] and config["ref"].value == 2
    assert config["deep#b#0"].value == 2 and config["deep::b::1"].value == "%other"
    assert isinstance(config["sum"].value, Expression) and isinstance(config["call"].value, Expression)
    with pytest.raises(InputError, match="refers to itself"):
        Config({"a": "@b", "b": "@a"}, "test").get("a")


def changed(*path, value):
    def change(config):
        place = config
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value

    return change


REFUSALS = {
    "network": (changed("network_def", "_target_", value="UNETR"), "one of the networks UNet"),
    "import": (changed("network_def", "_target_", value="os.system"), "a part of MONAI itself"),
    "script": (changed("network_def", "_target_", value="scripts.net.UNet"), "a part of MONAI itself"),
    "argument": (changed("network_def", "path", value="/etc"), "unknown fields: path"),
    "transform": (changed("preprocessing", "transforms", 4, "_target_", value="Lambdad"), "one of LoadImage"),
    "inferer": (changed("inferer", "_target_", value="SimpleInferer"), "SlidingWindowInferer"),
    "windows": (changed("inferer", "roi_size", value=[17, 16, 16]), "multiple of"),
    "overlap": (changed("inferer", "overlap", value=1.0), "number from 0 to 0.9"),
    "after": (changed("postprocessing", "transforms", 0, "_target_", value="VoteEnsembled"), "that is known"),
    "flat": (changed("network_def", "spatial_dims", value=2), "three axes"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_not_allowed_is_refused_in_a_sentence(tmp_path, name):
    change, words = REFUSALS[name]
    folder = models.bundle(tmp_path / "bundle")
    models.edit_json(folder / "configs" / "inference.json", change)
    with pytest.raises(InputError, match=words):
        segmentation.open_model(folder)


def test_a_bundle_without_its_parts(tmp_path):
    folder = models.bundle(tmp_path / "bundle")
    (folder / "models" / "model.pt").unlink()
    with pytest.raises(InputError, match=r"has no file 'models/model\.pt'"):
        segmentation.open_model(folder)
    (folder / "configs" / "inference.json").unlink()
    with pytest.raises(InputError, match="YAML or Python"):
        segmentation.open_model(folder)
