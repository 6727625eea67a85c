"""The suites of benchmarks: kept runs, targets, the exit status. What they train is tested where it
stands.
"""

import importlib
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from sslzoo import nn
from sslzoo.methods import list_methods

suite = pytest.importorskip("benchmarks.suite", reason="the wheel has no benchmarks")
kept = importlib.import_module("benchmarks.kept").kept
target = importlib.import_module("benchmarks.targets").target


@pytest.mark.parametrize(
    ("value", "most", "met"),
    [(0.97, False, True), (0.96, False, False), (0.96, True, True), (0.98, True, False)],
)
def test_a_target_is_the_least_or_the_most(value, most, met):
    assert target("it", value, 0.97, most=most) == {
        "what": "it",
        "value": value,
        "target": 0.97,
        "met": met,
    }


def test_a_run_is_made_once_and_with_the_settings_of_now(tmp_path):
    made = []
    path = tmp_path / "run.json"
    for _ in range(2):
        assert kept(
            path, {"epochs": 3, "sizes": (1, 2)}, lambda: made.append(0) or {"accuracy": 0.5}
        ) == {"accuracy": 0.5}
    assert len(made) == 1
    with pytest.raises(
        ValueError, match="run.json: was made with other settings than those of now"
    ):
        kept(path, {"epochs": 4, "sizes": (1, 2)}, dict)


@pytest.mark.parametrize(("reached", "status"), [((0.98, 0.97), 0), ((0.98, 0.96), 1)])
def test_the_exit_status_says_whether_all_targets_are_reached(
    reached, status, tmp_path, monkeypatch, capsys
):
    targets = [target(f"target {row}", value, 0.97) for row, value in enumerate(reached)]
    stub = types.SimpleNamespace(
        run=lambda runs: {"rows": [{"folder": runs.is_dir()}], "targets": targets}
    )
    monkeypatch.setitem(sys.modules, "benchmarks.few_shot", stub)
    monkeypatch.setattr(sys, "argv", ["suite", "few_shot", "--json", str(tmp_path / "found.json")])
    assert suite.main() == status
    written = json.loads((tmp_path / "found.json").read_text())
    assert (
        written["targets"] == targets
        and written["rows"] == [{"folder": True}]
        and written["suite"] == "few_shot"
    )
    assert ("missed" in capsys.readouterr().out) == bool(status)


def test_the_targets_are_the_issues():
    few_labels, few_shot, super_resolution = (
        importlib.import_module(f"benchmarks.{name}")
        for name in ("few_labels", "few_shot", "super_resolution")
    )
    assert few_labels.LEAST == {"digits": 0.97, "mnist": 0.95}
    assert (few_shot.ACCURACY, few_shot.MINUTES) == ({5: 0.98, 20: 0.935}, 20)
    assert (super_resolution.GAIN, super_resolution.MINUTES) == (2.7, 60)


BENCHMARKS = sorted(path.stem for path in Path(suite.__file__).parent.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_is_importable_and_says_what_it_asks(name):
    assert importlib.import_module(f"benchmarks.{name}").__doc__


def test_draws_of_few_labels_are_of_different_labels():
    few_labels = importlib.import_module("benchmarks.few_labels")
    configs = [few_labels.settings("digits", "fixmatch", draw) for draw in few_labels.DRAWS]
    assert [config.sampler.settings()["draw"] for config in configs] == [0, 1, 2]


def test_all_methods_of_few_labels_have_the_same_budget_on_a_set():
    few_labels = importlib.import_module("benchmarks.few_labels")
    known = set(list_methods("semisupervised")) - {"distillation"}
    assert set(few_labels.METHODS) == known | {"supervised"}
    for name in few_labels.SETS:
        configs = [few_labels.settings(name, method, 1) for method in few_labels.METHODS]
        for part in ("backbone", "image_size", "augment", "data", "sampler", "seed", "epochs"):
            assert len({str(getattr(config, part)) for config in configs}) == 1, (name, part)
        for part in ("optimizer", "schedule", "batch_size"):
            assert len({str(getattr(config, part)) for config in configs}) == 1, (name, part)
    assert configs[0].sampler.labels_per_class == 40 and configs[0].data.name == "cifar10"


def test_the_network_of_cifar10_has_at_most_12_million_multiplications():
    few_labels = importlib.import_module("benchmarks.few_labels")
    config = few_labels.settings("cifar10", "supervised", 0)
    network = nn.backbone(config.backbone.name, config.image_size, **config.backbone.options())
    kernels = [(x, x.kernel.shape) for x in network.layers if hasattr(x, "kernel_size")]
    pixels = [np.prod(layer.output.shape[1:3]) for layer, _ in kernels]
    counts = [np.prod(shape) * n for (_, shape), n in zip(kernels, pixels, strict=True)]
    assert 5e6 < sum(counts) <= 12e6


def test_the_published_order_holds_within_two_standard_errors_or_is_missed():
    few_labels = importlib.import_module("benchmarks.few_labels")
    rows = {
        method: {"last": 0.5 + 0.1 * number, "last_error": 0.01}
        for number, tier in enumerate(few_labels.TIERS)
        for method in tier
    }
    assert all(found["met"] for found in few_labels.order(rows, "cifar10"))
    rows["vat"]["last"] = rows["pi_model"]["last"] - 0.02  # two errors of the difference are 0.028
    assert all(found["met"] for found in few_labels.order(rows, "cifar10"))
    rows["vat"]["last"] -= 0.02
    (missed,) = [found for found in few_labels.order(rows, "cifar10") if not found["met"]]
    assert "vat less" in missed["what"] and missed["value"] == pytest.approx(-0.0117, abs=1e-3)


def test_adaptation_has_the_same_budget_on_a_pair_and_its_targets_are_the_issues():
    adaptation = importlib.import_module("benchmarks.adaptation")
    for pair in adaptation.PAIRS:
        configs = [adaptation.settings(pair, method) for method in adaptation.METHODS]
        for part in ("backbone", "image_size", "data", "sampler", "batch_size", "epochs", "seed"):
            assert len({str(getattr(config, part)) for config in configs}) == 1, (pair, part)
        assert configs[0].hyperparameters["weight"] == 0.0
    assert adaptation.LEAST == {"mnist_usps": 0.771, "usps_mnist": 0.73}
    assert adaptation.GAIN == {"mnist_usps": 0.05, "usps_mnist": 0.05, "mnist_mnist_m": 0.15}


def test_adaptation_chooses_by_a_score_and_shows_the_oracle(tmp_path, monkeypatch):
    adaptation = importlib.import_module("benchmarks.adaptation")
    scores = {"source_accuracy": 0.9, "neighborhood_density": 1.0, "a_distance": 1.0}
    runs = {
        0.3: {"accuracy": 0.9, "mutual_information": 1.0, **scores, "a_distance": 0.5},
        1.0: {"accuracy": 0.8, "mutual_information": 2.0, **scores},
    }
    monkeypatch.setattr(
        adaptation, "one_run", lambda config: runs[config.hyperparameters["weight"]]
    )
    row = adaptation.row("mnist_usps", "dann", tmp_path)
    assert row["accuracy"] == 0.8 and row["weight"] == 1.0 and row["oracle"] == 0.9
    assert row["by_score"]["mutual_information"] == 0.8 and row["by_score"]["a_distance"] == 0.9


@pytest.mark.parametrize(
    ("method", "scenario", "met", "missed"),
    [
        ("icarl", "class", 0.921, 0.919),
        ("replay", "class", 0.931, 0.929),
        ("joint, one epoch", "class", 0.961, 0.959),
        ("lwf", "task", 0.951, 0.949),  # joint: 0.98
        ("lwf", "class", 0.29, 0.31),
    ],
)
def test_a_suite_of_tasks_that_misses_a_target_says_so(method, scenario, met, missed):
    good = {
        "icarl": (0.94, 0.99),
        "replay": (0.95, 0.99),
        "joint, one epoch": (0.97, 0.99),
        "joint": (0.98, 0.98),
        "lwf": (0.2, 0.97),
    }

    def judged(value):
        rows = {
            ("mnist", name): dict(
                zip(("class", "task"), ({"average_accuracy": x} for x in pair), strict=True)
            )
            for name, pair in good.items()
        }
        rows["mnist", method][scenario]["average_accuracy"] = value
        return [
            found["met"]
            for found in importlib.import_module("benchmarks.incremental").targets(rows)
        ]

    assert all(judged(met)) and judged(missed).count(False) == 1


def test_equal_budget_compares_every_method_that_has_an_entry(tmp_path, monkeypatch):
    """One row a method, three seeds where the issue asks for them, a longer run where little was
    learned, and what is kept is not made again.
    """
    suite = importlib.import_module("benchmarks.equal_budget")
    made = []

    def train(config):
        made.append((config.method, config.seed, config.epochs))
        accuracy = {"simclr": 0.4, "simsiam": 0.25}.get(config.method, 0.35)
        accuracy += 0.01 * config.seed + (0.1 if config.epochs == 50 else 0)
        seconds = 60.0 if config.method == "dino" else 30.0
        block = "stage2" if config.method == "rotation" else "backbone"
        return {"accuracy": accuracy, "untrained": 0.3, "seconds": seconds, "block": block}

    monkeypatch.setattr(suite, "train", train)
    names = ["simclr", "dino", "simsiam", "rotation"]
    result = suite.run(tmp_path, names)
    rows = {row["method"]: row for row in result["rows"]}
    assert rows["simclr"]["accuracy"] == pytest.approx(0.41) and rows["simclr"]["learned"]
    assert rows["dino"]["ratio"] == 2.0
    assert not rows["simsiam"]["learned"]
    assert rows["simsiam"]["longer"]["accuracy"] == pytest.approx(0.35)
    expected = [("simclr", seed, 10) for seed in range(3)]
    expected += [("dino", 0, 10), ("simsiam", 0, 10), ("simsiam", 0, 50)]
    expected.append(("rotation", 0, 10))
    judged = {target["what"]: target["met"] for target in result["targets"]}
    assert judged == {"simclr: kNN on CIFAR-10": True, "simsiam: kNN on CIFAR-10": False}
    assert made == expected
    suite.run(tmp_path, names)
    assert made == expected
    table = importlib.import_module("benchmarks.report").equal_budget(result)
    assert "not above the untrained encoder" in table and "50 epochs: 35.0 %" in table
    assert "Linear probe" in table and "stage2" in table


def test_equal_budget_takes_the_record_of_an_entry_that_has_this_budget(tmp_path, monkeypatch):
    suite = importlib.import_module("benchmarks.equal_budget")
    monkeypatch.setattr(suite, "OTHER_ENTRIES", {"simclr": "simclr_resnet20.digits"})
    config = suite.sslzoo.info("simclr_resnet20.digits").config
    monkeypatch.setattr(suite, "settings", lambda *_: config)
    knn = next(metric for metric in config.record.metrics if metric["protocol"] == "knn")
    found = suite.one("simclr", 0, tmp_path, 10)
    assert found["accuracy"] == knn["accuracy"]
    assert found["seconds"] == round(config.record.wall_seconds, 1)
    monkeypatch.setattr(suite, "train", lambda config: {"trained": config.seed})
    monkeypatch.setattr(suite, "settings", lambda *_: config.model_copy(update={"seed": 1}))
    assert suite.one("simclr", 1, tmp_path, 10) == {"trained": 1}


def test_equal_budget_has_the_budget_of_the_issue():
    suite = importlib.import_module("benchmarks.equal_budget")
    names = suite.methods()
    assert names[0] == "simclr" and set(suite.REFERENCE) <= set(names)
    for name in names:
        config = suite.settings(name, 0, suite.EPOCHS)
        network = config.backbone.name, config.backbone.options()["width"] if name != "mae" else 16
        assert network == ("vit_tiny" if name == "mae" else "resnet20", 16), name
        budget = config.data.per_class, config.batch_size, config.epochs
        assert budget == (1000, 256, 10), name


def test_generalisation_holds_methods_against_erm_where_they_must_not_lose_or_must_win():
    suite = importlib.import_module("benchmarks.generalisation")
    accuracies = {"erm": 0.9, "irm": 0.895, "vrex": 0.88}
    rows = [
        {"case": case, "method": method, "accuracy": accuracy}
        for case in ("rotated", "colors")
        for method, accuracy in accuracies.items()
    ]
    met = {target["what"]: target["met"] for target in suite.targets(rows)}
    assert met == {
        "RotatedMNIST: irm less ERM": True,
        "RotatedMNIST: vrex less ERM": False,
        "colors: irm less ERM": False,
        "colors: vrex less ERM": False,
    }


@pytest.mark.slow
def test_the_worse_of_two_groups_is_judged_and_group_dro_gains_there():
    suite = importlib.import_module("benchmarks.generalisation")
    assert suite.on_groups("group_dro", 0) > suite.on_groups("erm", 0) + 0.1


def test_an_official_entry_without_its_checkpoint_is_named_with_the_reason(tmp_path, monkeypatch):
    official = importlib.import_module("benchmarks.official")
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path))
    names = ["moco_v2_resnet50.imagenet", "dino_resnet50.imagenet"]
    monkeypatch.setattr(official, "official", lambda: names)
    monkeypatch.setattr(official, "unreached", lambda url: "its host is not reached")
    (tmp_path / "resnet50.pth").write_bytes(b"of another length")
    found = official.run(tmp_path, checkpoints=tmp_path)
    assert found["rows"] == [] and list(found["not_run"]) == names
    (sentence,) = importlib.import_module("benchmarks.report").not_run(found)
    assert sentence.endswith(
        "its host is not reached): `moco_v2_resnet50.imagenet`, `dino_resnet50.imagenet`."
    )


def test_the_setting_that_gains_most_on_all_sets_is_chosen_and_none_where_all_harm():
    chosen = importlib.import_module("benchmarks.continue_defaults").chosen
    slow, fast = ({"rate": rate} for rate in (0.1, 0.3))
    gains = [(200, slow, 0.02), (200, slow, 0.01), (200, fast, 0.06), (200, fast, -0.05)]
    gains += [(1_000, slow, -0.01), (1_000, fast, -0.02)]
    rows = [
        {"size": size, "setting": setting, "gains": {"knn": gain}} for size, setting, gain in gains
    ]
    assert chosen(rows) == {200: slow, 1_000: None}


def test_time_series_is_judged_by_the_gain_over_the_gru_at_each_station_and_in_the_mean():
    suite = importlib.import_module("benchmarks.time_series")
    rmse = {"Dongsi": (0.30, 0.40), "Tiantan": (0.19, 0.20), "Dingling": (0.21, 0.20)}
    rows = [
        {"station": station, "adarnn": {"rmse": mine}, "gru": {"rmse": its}}
        for station, (mine, its) in rmse.items()
    ]
    assert [each["met"] for each in suite.targets(rows)] == [True, True, False, True]
    rows[0]["adarnn"]["rmse"] = 0.36  # mean 0.2533 to 0.2667: 5 %
    assert suite.targets(rows)[-1]["value"] == pytest.approx(0.05)
    assert not suite.targets(rows)[-1]["met"]


def test_a_period_search_that_is_stopped_goes_on_with_the_run_it_was_in(tmp_path, monkeypatch):
    """The distance at two periods first, then the periods, by the validation span alone."""
    suite, made = importlib.import_module("benchmarks.time_series"), []
    best = {"mmd": 0.4, "coral": 0.2, "cosine": 0.3, "adversarial": 0.5}

    def one_run(config, station):
        own = config.hyperparameters
        made.append((own["distance"], own["periods"], config.sampler.samples))
        if len(made) == 3:
            raise KeyboardInterrupt
        validation = best[own["distance"]] - 0.01 * own["periods"]
        return {"validation": validation, "rmse": 1 - validation, "mae": 0.0}

    monkeypatch.setattr(suite, "one_run", one_run)
    monkeypatch.setattr(suite, "of_entry", lambda station: {"validation": 0.9, "distance": "entry"})
    with pytest.raises(KeyboardInterrupt):
        suite.search("Dongsi", tmp_path)
    found = suite.search("Dongsi", tmp_path)
    distances = [("mmd", 2, 36), ("coral", 2, 36), ("cosine", 2, 36)]
    assert made == [*distances, ("cosine", 2, 36), ("adversarial", 2, 36), ("coral", 3, 24)]
    assert min(found, key=lambda each: each["validation"])["periods"] == 3
    assert suite.search("Dongsi", tmp_path) == found and len(made) == 6


def test_the_plain_networks_of_time_series_have_the_steps_of_the_adapted_ones():
    suite = importlib.import_module("benchmarks.time_series")
    for network in suite.NETWORKS:
        plain, adapted = (suite.settings(network, "Dingling", *own) for own in ((), ("coral", 3)))
        assert plain.sampler is None and plain.batch_size == adapted.sampler.samples * 3
        for part in ("backbone", "optimizer", "schedule", "epochs", "data", "seed"):
            assert getattr(plain, part) == getattr(adapted, part), part


def test_fine_tuning_keeps_its_parts_and_is_held_against_scratch_and_the_classic(
    tmp_path, monkeypatch
):
    suite = importlib.import_module("benchmarks.fine_tuning")
    made = []

    def measured(encoder, way, labels):
        made.append((encoder, way, labels))
        accuracy = {"scratch": 0.2, "probe": 0.3 if labels == 50 else 0.1}.get(way, 0.25)
        return {"accuracy": accuracy, "confidence_95": [0, 1], "learned_share": None, "seconds": 1}

    monkeypatch.setattr(suite, "tuned", measured)
    monkeypatch.setattr(suite, "probed", measured)
    result = suite.run(tmp_path)
    assert len(made) == 3 * (1 + 2 + len(suite.WAYS) + 1 + 1)
    assert [each["what"] for each in result["targets"] if not each["met"]] == [
        "50 labels a class: less HOG and colors"
    ]
    suite.run(tmp_path)
    assert len(made) == len(result["rows"])
    table = importlib.import_module("benchmarks.report").fine_tuning(result["rows"])
    assert len(table.splitlines()) == 2 + len(made) / 3


def test_gradual_unfreezing_reaches_every_block_before_the_end():
    suite = importlib.import_module("benchmarks.fine_tuning")
    for labels, epochs in suite.EPOCHS.items():
        own = suite.settings_of("gradual", labels)["hyperparameters"]
        assert own["probe_epochs"] + 9 * own["unfreeze_epochs"] < epochs


def student(defect, way, share, held_out, test):
    keys = ("accuracy", "inheritance")
    parts = {"held_out": dict(zip(keys, held_out, strict=True))}
    parts["test"] = dict(zip(keys, test, strict=True))
    return {"defect": defect, "way": way, "share": share, "coverage_kept": None, **parts}


def test_safety_chooses_the_share_on_held_out_images_alone():
    suite = importlib.import_module("benchmarks.safety")
    plain = student("backdoor", "fine_tune", 0.0, (0.40, 0.8), (0.4, 0.8))
    mild = student("backdoor", "remos", 0.1, (0.38, 0.5), (0.2, 0.9))
    strong = student("backdoor", "remos", 0.3, (0.36, 0.3), (0.1, 0.9))
    far = student("backdoor", "remos", 0.5, (0.34, 0.1), (0.4, 0.0))
    assert suite.chosen([mild, strong, far], [plain, mild, strong, far]) is strong
    assert suite.chosen([far], [plain, far]) is far


def test_safety_is_judged_by_the_inheritance_and_by_the_accuracy(tmp_path, monkeypatch):
    suite, made = importlib.import_module("benchmarks.safety"), []
    rates = {"fine_tune": (0.4, 0.8), "remos": (0.36, 0.4), "retrain": (0.2, 0.1)}

    def one(runs, defect, way, share):
        made.append((defect, way, share))
        found = rates.get(way, (0.39, 0.7))
        if defect == "backdoor" and way == "remos":
            found = (0.3, 0.41)
        return {k: v for k, v in student(defect, way, share, found, found).items() if k != "share"}

    monkeypatch.setattr(suite, "made", one)
    teacher = {"accuracy": 0.9, "inheritance": 0.99}
    monkeypatch.setattr(suite, "of_teacher", lambda *_: teacher)
    result = suite.run(tmp_path)
    assert [each["met"] for each in result["targets"]] == [True] * 4 + [False, False, True, True]
    assert suite.run(tmp_path) == result and len(made) == 2 * (3 + len(suite.SHARES))
    parts = importlib.import_module("benchmarks.report").of_safety(result, tmp_path)
    assert len(parts[-1].splitlines()) == 2 + len(made)


def test_adapters_keeps_its_parts_and_is_held_against_fine_tuning(tmp_path, monkeypatch):
    suite = importlib.import_module("benchmarks.adapters")
    report = importlib.import_module("benchmarks.report")
    made = []

    def measured(runs, network, way, count, draw):
        made.append((way, count, draw))
        accuracy = {"fine_tune": 0.6, "adapters": 0.5, "sim_plus": 0.59}.get(way, 0.4)
        found = {"accuracy": accuracy, "seconds": 1.0, "learned_share": 0.1}
        return found | ({"attention": {"block1": [0.2] * 3 + [0.4]}} if "sim" in way else {})

    monkeypatch.setattr(suite, "rich", lambda runs: (None, {"accuracy": 1.0}))
    monkeypatch.setattr(suite, "measured", measured)
    result = suite.run(tmp_path)
    assert all(each["met"] for each in result["targets"])
    assert suite.run(tmp_path) == result and len(made) == len(set(made)) == 3 * 7 * 3
    assert len(report.adapters(result["rows"]).splitlines()) == 2 + len(suite.WAYS)
    assert len(report.of_adapters(result, tmp_path)) == 2
    assert len(suite.picture(result).axes) == 2


def test_the_loudest_second_of_a_recording_is_kept():
    suite = importlib.import_module("benchmarks.adapters")
    wave = np.zeros(20_000, "int16")
    wave[9_000:16_000] = 100
    found = suite.second(wave)
    assert len(found) == 8_000 and (found == 100).sum() == 7_000
    short = suite.second(np.full(4_000, 5, "int16"))
    assert len(short) == 8_000 and (short[2_000:6_000] == 5).all() and short.sum() == 20_000


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_load_test_counts_what_a_server_answers(tmp_path):
    serving = importlib.import_module("benchmarks.serving")
    result = serving.run(tmp_path, seconds=1.0, rounds=1)
    bare, served = result["rows"]
    assert min(bare["per_second"], served["per_second"]) > 1 and served["errors"] == 0
    assert result["targets"][0]["value"] == served["per_second"] / bare["per_second"]
    text = importlib.import_module("benchmarks.report").of_serving(result, None)[1]
    assert f"{served['per_second']:,.0f}" in text


def test_dense_keeps_its_parts_and_is_held_against_the_untrained_networks(tmp_path, monkeypatch):
    suite = importlib.import_module("benchmarks.dense")
    report = importlib.import_module("benchmarks.report")
    made = []
    miou = {"simclr_resnet20.cifar10": 0.3, "byol_resnet20.cifar10": 0.1, None: 0.05}

    def measured(protocol, name, trained, longest):
        made.append((protocol, name, trained, longest))
        value = miou[name] if trained or name is None else 0.2
        found = {"confidence_95": [value, value], "per_class": {"road": value}}
        others = {"pixel_accuracy": 0.5, "map_coco": 0.4, "learning_rate": 0.1, "seconds": 1.0}
        return found | others | {"miou": value, "map_50": value}

    monkeypatch.setattr(suite, "measured", measured)
    names = list(miou)[:2]
    result = suite.run(tmp_path, names)
    assert [row["encoder"] for row in result["rows"]] == ["raw pixels", "resnet20", *names]
    assert [each["met"] for each in result["targets"]] == [True, False]
    assert suite.run(tmp_path, names) == result and len(made) == len(set(made)) == 2 * 4
    table = report.dense(result["rows"]).splitlines()
    assert len(table) == 2 + 3 and "| `byol_resnet20.cifar10` | 320 | 10.0 % | 20.0 % |" in table[4]
    assert "| raw pixels | 320 | 5.0 % |" in table[2]
    parts = report.of_dense(result, tmp_path)
    assert len(parts) == 4 and "road" in parts[2] and "20.0 %" in parts[3]


@pytest.mark.slow
def test_encoders_that_share_an_untrained_network_start_with_its_weights():
    import sslzoo

    suite, known = importlib.import_module("benchmarks.dense"), {}
    for name, (network, _) in suite.ENCODERS.items():
        weights = sslzoo.load(name).untrained().encoder.get_weights()
        for mine, its in zip(weights, known.setdefault(network, weights), strict=True):
            np.testing.assert_array_equal(mine, its)
    assert len(known) < len(suite.ENCODERS)
