"""benchmarks/results/*.json -> benchmarks/results/README.md: `python -m benchmarks.report`, and at
the end of every suite.

Every figure of the tables is read from what a suite wrote, none is typed. The words beside them are
typed, about the runs that are committed.
"""

import json
from pathlib import Path

from sslzoo.evaluate.figures import metric_figures
from sslzoo.report import markdown_table, number

RESULTS = Path(__file__).parent / "results"
CLOTHES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

HEAD = """# What the suites found

Written from the JSON files beside it by `python -m benchmarks.report`; `python -m
benchmarks.suite NAME` makes them anew. What the zoo's own entries reached stands in the README
of the project."""

FEW_LABELS = """## Few labels

Four labels a class, and forty of CIFAR-10. Accuracy on the test set of the weights averaged over
time, after the last epoch and in the best one (chosen on the test set, so optimistic): mean of
three draws of the labels and its standard error. Supervised is the same network, recipe and labels
without the other images. The methods stand in the order of the published tiers."""

CLOTHES_WORDS = """### Fashion-MNIST, by class

Why forty labels and all the other images give so little here. A class gains where what the
network is sure of (confidence 0.95) is right: trousers, bags, sneakers. Shirts and coats look
like pullovers, T-shirts and each other at this size; four labels do not tell them apart, the
network is sure of half of them all the same, mostly wrongly, and trains itself on that: they
lose, and pullovers and T-shirts gain what is taken for them. The threshold asks how sure the
network is, not whether it is right."""

TWO_MOONS = """## Two moons

1,000 points in the plane with three labels a moon: the share of points that is told apart rightly,
mean of three draws and its standard error. All have the same network, steps and noise. `python -m
benchmarks.two_moons` draws what each makes of the plane."""
PLANE = "two_moons.png"

ADAPTATION = """## Two domains

Accuracy on the target's test set of LeNet, whose labels are those of the source alone. One run
each. DANN has two weights. Which counts is chosen by the mutual information of the probabilities
on the target, without its labels. The oracle chooses by the target's labels, which nobody has: it
is no result. `python -m benchmarks.adaptation` draws the picture."""
CLOSED_FORMS = """### Closed forms

Office-Caltech10, SURF: 1-NN, mean of twelve pairs. CORAL's 48.8 % are those of its paper, with an
SVM. The owner of the benchmark could not reproduce them either (jindongwang/transferlearning,
issue 233)."""
DOMAINS = "adaptation.png"

GENERALISATION = """## Domains that were not seen

Accuracy in a domain of which nothing was seen in training. RotatedMNIST: six angles, each left out
once, the epoch chosen on the others. Then cases that are made: ColoredMNIST where the color is
nearly always wrong; the worse of two groups, one of them small; digits of a new contrast. Mean of
three seeds and its standard error, of RotatedMNIST one seed."""

TIME_SERIES = """## Series whose law drifts

The air of Beijing: RMSE of the PM2.5 of the next hour, November 2016 to February 2017, scaled as in
the paper. The distance and the number of periods are chosen on the validation span; "entry" is the
zoo's own model. The Transformer has the best distance and periods of the GRU. The published
figures may have another target, and an RMSE that is a mean over batches."""
ACTIVITIES = """### Activities

Made windows of an accelerometer that slips: accuracy after a slip that was not in training, and
after those that were. Mean of three seeds and its standard error."""
DRIFT = "time_series.png"
EMBEDDING = """## Folders of many images

`sslzoo embed` of small photographs (64 x 48 pixels, repeated by hard links) with the ResNet-20 of
the digits: time and memory per image. Processor time is that of all threads, and depends less on
what else runs. Before is the memory of the loaded model. The load is that of the machine when a
folder began: its two cores were never idle.

Below, images a second of the decoder and of the network, each alone, and of both together:
photographs of 256 x 192 pixels, ResNet-20 of 32 pixels. PyTorch is the usual loop over a loader of
files, with the better number of loading processes, and the same network."""

SERVING = """## Requests to a server

`sslzoo serve` with {model}: {clients} clients, each of which sends one image after the other.
Beside it the same exported graph is called for one image after the other, without a server. They
were measured in turns on two cores. The server gathers requests into batches."""

FINE_TUNING = """## A trained network and one's own labels

40 classes of Tiny ImageNet at 32 px: accuracy on 1,200 test images after 10, 50 and all 120 labels
of each class. ResNet-20 of width 16. Its encoders learned on CIFAR-10 without labels. A probe is
logistic regression on fixed features, also on histograms of gradients and colors. Scratch is the
same network without what it knew, with twice the epochs. The share is of the parameters that learn,
head included. One draw of the labels, and short trainings: 40, 15 and 6 epochs. No rate was tuned
on these images. The 95 % interval of a figure is about 2.5 points to each side."""

ADAPTERS = """## A language with few recordings

Spoken digits. The network, a Transformer of 3 blocks, learned English (FSDD, six speakers). Then it
learned Ukrainian from 1, 5 and 20 recordings of each digit, and was tested on 380 recordings of
other speakers. Mean of three draws and its standard error. The languages of MetaAdapter and
SimAdapter are three pairs of English speakers; SimAdapter+ has MetaAdapter's own adapters. The
share is of the parameters that learn, head included."""

SPEECH = "adapters.png"
SAFETY = """## Students of a teacher with a defect

40 classes of Tiny ImageNet with 25 images of each, and a supervised ResNet-20 of CIFAR-10. The
inheritance is the share of right answers that the defect turns wrong. Adversarial images are made
on the teacher alone: its first feature is pushed, and no pixel moves by more than 8 of 255. The
number of weights that ReMoS sets to zero was chosen on 400 held-out training images, of those that
lose at most 5 points there. 30 % were tried there too, and lost far more. One run each; the
interval of an accuracy is 2.7 points to each side. A backdoor, a square that the teacher takes for
an airplane, is the other half of the suite, and has not been run to its end. `python -m
benchmarks.safety` draws the picture."""
ATTACKED = "safety.png"

DENSE = """## Pixels and objects

What frozen encoders are worth for segmentation (CamVid, 240 x 180, 11 classes) and detection (BCCD,
blood cells, 320 x 240, 3 classes): the protocols `segmentation` and `detection`, test sets of 233
and 72 images. The encoders learned on CIFAR-10 without labels, at 24 or 32 px. Left is the trained
encoder, right of it the same network before its training. Heads see each place alone. With 3 x 3
convolutions, a head on raw pixels found 76 % on held-out training images of BCCD (mAP at 0.5),
as much as on trained features, so that it would judge itself. Learning rates were chosen on
held-out training images. Intervals are the bootstrap's, over images. One run each.

ResNet-50 has a cell of 16 px where ResNet-20 has 4, and masks pay for it. `python -m
benchmarks.dense` draws the picture."""
PIXELS = "dense.png"

INCREMENTAL = """## Five tasks of two classes

Accuracy over all classes after the last task, without (class-incremental) and with knowledge of
the task (task-incremental), and how much was forgotten between a task's best and the end. Joint
training sees all tasks at once. With the cross-entropy among the new classes alone, LwF sees
the same images and answers among the same classes, but nothing pushes the old classes down."""

EQUAL_BUDGET = """## Ten epochs on 10,000 images

Accuracy on the test set of CIFAR-10 after 10 epochs on the first 1,000 training images of each
class: ResNet-20 of width 16, batch 256. kNN has k 200 and T 0.1. Pretext and restoring methods have
a linear probe of their best block, chosen on training images. MAE has a ViT-Tiny. The reference is
another library's, with the same budget. Time is that of training, and its ratio to SimCLR's.
Methods that did not beat the untrained encoder have the figure of 50 epochs beside it."""

OFFICIAL = """## Weights of other people

What their authors published, and what the same weights reach here through `sslzoo.load`. The data
and the settings of the published figures are in the entries' configs."""

SPEED = """## Speed

`python -m benchmarks.throughput --peers`, pair by pair on an AMD EPYC with AVX2 and two cores. The
ratio is the median of the pairs.

A step of ResNet-20 takes 1.5 s for 512 views: four fifths are convolutions, by the same oneDNN as
torch's, a ninth is BatchNorm. `encode` is convolutions to 95 %. Gradients of kernels are the slow
ones: in ResNet-18 50 to 95 GFLOP/s, where the other convolutions reach 160 to 190.

What was tried without a gain (2026-11-26): an allocator that keeps its memory (0.98 times), one
operation at a time (0.92 and 0.97), chunks of `encode` below 256 images (0.53 to 0.99). Gradients
of kernels as three matrix products are 1.3 to 2.7 times as fast in the shapes of ResNet-18, an
eighth of its step at most, and 0.4 to 0.8 times in those of ResNet-20; they need three copies of
the input and belong to one kind of processor, so they are left out. Additions could be fused with
convolutions, a twentieth of `encode`: TensorFlow 2.21 does it wrongly for two calls at once
(`sslzoo.nn.apart`)."""


def text(folder=RESULTS):
    """README.md of a folder of JSON files."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    suites = {name: result for name, result in found.items() if "targets" in result}
    parts = [HEAD, targets(suites)]
    if "throughput" in found:
        parts += [SPEED, speed(found["throughput"]["rows"])]
    if "few_labels" in suites:
        rows = suites["few_labels"]["rows"]
        of_clothes = clothes([row for row in rows if row["data"] == "fashion_mnist"])
        parts += [FEW_LABELS, few_labels(rows), CLOTHES_WORDS, of_clothes]
    for name, part in PICTURED.items():
        if name in suites:
            parts += part(suites[name], folder)
    if "equal_budget" in suites:
        parts += [EQUAL_BUDGET, equal_budget(suites["equal_budget"])]
    for name, words, table in (
        ("fine_tuning", FINE_TUNING, fine_tuning),
        ("generalisation", GENERALISATION, generalisation),
        ("incremental", INCREMENTAL, incremental),
    ):
        if name in suites:
            parts += [words, table(suites[name]["rows"])]
    if "official" in suites:
        parts += [OFFICIAL, official(suites["official"]["rows"]), *not_run(suites["official"])]
    return "\n\n".join(parts) + "\n"


def write():
    path = RESULTS / "README.md"
    path.write_text(text(), encoding="utf-8")
    print(path)


def official(rows):
    """A line for each figure that was measured of the weights of other people."""
    lines = []
    for row in rows:
        known = "; ".join(f"{each['value']:g}: {each['what']}" for each in row["published"])
        for record in row["measured"]:
            (figure, *_) = metric_figures(record)
            data = record["settings"]["test_name"]
            cells = [f"`{row['entry']}`", known, f"{figure['what']}, {data}"]
            lines.append([*cells, number(figure["value"], figure["unit"])])
    return markdown_table(("Entry", "Published", "Measured", "Here"), lines, right=(3,))


def not_run(result):
    """A sentence for each reason that entries could not be run."""
    by_reason = {}
    for name, reason in result["not_run"].items():
        by_reason.setdefault(reason, []).append(f"`{name}`")
    for reason, names in by_reason.items():
        yield f"Not run here ({reason.removesuffix('.')}): {', '.join(names)}."


def targets(suites):
    lines = [
        [
            f"`{name}`",
            target["what"],
            f"{target['target']:g}",
            f"{target['value']:.4g}",
            "met" if target["met"] else "**missed**",
        ]
        for name, result in suites.items()
        for target in result["targets"]
    ]
    return markdown_table(("Suite", "Target", "Needed", "Reached", ""), lines, right=(2, 3))


def speed(rows):
    lines = []
    for row in rows:
        sign, verdict = "≤" if row.get("at_most") else "≥", {True: "met", False: "**missed**"}
        lines.append(
            [
                row["name"],
                row["unit"],
                f"{row['ours']['median']:,.0f}",
                f"{row['other']['median']:,.0f}",
                f"{row['ratio']['median']:.3f}",
                f"{sign} {row['target']:.2f}" if "target" in row else "",
                verdict.get(row["met"], ""),
            ]
        )
    head = ("What", "Unit", "sslzoo", "Other", "Ratio", "Target", "")
    return markdown_table(head, lines, right=(2, 3, 4, 5))


def few_labels(rows):
    lines = [
        [
            row["data"],
            row["method"],
            *(
                f"{100 * row[key]:.1f} ± {100 * row[f'{key}_error']:.1f} %"
                for key in ("last", "best")
            ),
        ]
        for row in rows
    ]
    return markdown_table(("Data", "Method", "Last", "Best epoch"), lines, right=(2, 3))


def two_moons(rows):
    lines = [
        [row["method"], f"{100 * row['last']:.1f} ± {100 * row['last_error']:.1f} %"]
        for row in rows
    ]
    return markdown_table(("Method", "Right"), lines, right=(1,))


def fine_tuning(rows):
    """A line of each encoder and way, a column of each number of labels."""
    lines = {}
    for row in rows:
        share = row["learned_share"]
        known = "" if share is None else number(share, "%")
        line = lines.setdefault((row["encoder"], row["way"]), [known])
        line.append(number(row["accuracy"], "%"))
    columns = [f"{labels} labels" for labels in dict.fromkeys(row["labels"] for row in rows)]
    cells = [[f"`{encoder}`", way, *figures] for (encoder, way), figures in lines.items()]
    head = ("Encoder", "Way", "Share that learns", *columns)
    return markdown_table(head, cells, right=range(2, len(head)))


def adapters(rows):
    """A line of each way, a column of each number of recordings."""
    counts = list(dict.fromkeys(row["count"] for row in rows))
    cells = {(row["way"], row["count"]): _with_error(row) for row in rows}
    shares = {row["way"]: number(row["learned_share"], "%") for row in rows}
    lines = [
        [way, share, *(cells[way, count] for count in counts)] for way, share in shares.items()
    ]
    head = ("Way", "Share that learns", *(f"{count} of each digit" for count in counts))
    return markdown_table(head, lines, right=range(1, len(head)))


def generalisation(rows):
    """A line of each method, a column of each case."""
    cases = list(dict.fromkeys(row["case"] for row in rows))
    cells = {(row["method"], row["case"]): _with_error(row) for row in rows}
    methods = dict.fromkeys(row["method"] for row in rows)
    lines = [[method, *(cells.get((method, case), "") for case in cases)] for method in methods]
    return markdown_table(("Method", *cases), lines, right=range(1, len(cases) + 1))


def _with_error(row):
    error = "" if row["error"] is None else f" ± {100 * row['error']:.1f}"
    return f"{100 * row['accuracy']:.1f}{error} %"


def of_two_moons(result, folder):
    """The part on two moons."""
    parts = [TWO_MOONS, two_moons(result["rows"])]
    if (folder / PLANE).exists():
        parts.append(f"![What each method makes of the plane]({PLANE})")
    return parts


def of_adaptation(result, folder):
    """The parts on adaptation."""
    parts = [ADAPTATION, adaptation(result["rows"])]
    if (folder / DOMAINS).exists():
        parts.append(f"![Accuracy of each method on each pair of domains]({DOMAINS})")
    return [*parts, CLOSED_FORMS, closed_forms(result["closed"])]


def adaptation(rows):
    """Of each pair and method: the chosen run, the choice of each score, and the oracle's."""
    lines = []
    for row in sorted(rows, key=lambda row: row["pair"]):
        several = len(row["runs"]) > 1
        choices = [*row["by_score"].values(), row["oracle"]]
        figures = [number(value, "%") if several else "" for value in choices]
        lines.append([row["pair"], row["method"], number(row["accuracy"], "%"), *figures])
    scores = [score.replace("_", " ") for score in rows[0]["by_score"]]
    head = ("Pair", "Method", "Target", *(f"by {score}" for score in scores), "oracle")
    return markdown_table(head, lines, right=range(2, len(head)))


def closed_forms(rows):
    lines = [
        [row["method"], number(row["accuracy"], "%"), number(row["baselines"]["raw_values"], "%")]
        for row in rows
    ]
    return markdown_table(("Method", "Accuracy", "Without adaptation"), lines, right=(1, 2))


def of_time_series(result, folder):
    """The parts on series."""
    parts = [TIME_SERIES, stations(result["rows"])]
    if (folder / DRIFT).exists():
        parts.append(f"![RMSE of each model at each station]({DRIFT})")
    return [*parts, ACTIVITIES, activities(result["activities"])]


def of_adapters(result, folder):
    """The part on a language with few recordings."""
    parts = [ADAPTERS, adapters(result["rows"])]
    if (folder / SPEECH).exists():
        parts.append(f"![Accuracy of each way, and the attention of SimAdapter]({SPEECH})")
    return parts


def of_safety(result, folder):
    """The part on defects."""
    parts = [SAFETY, teachers(result["teachers"]), students(result)]
    if (folder / ATTACKED).exists():
        parts.append(f"![An image, attacked, the difference, and what students make]({ATTACKED})")
    return parts


def of_dense(result, folder):
    """The parts on pixels and objects."""
    rows = result["rows"]
    shown = "simclr_resnet20.cifar10"
    classes = [dense_classes(rows, protocol, shown) for protocol in ("segmentation", "detection")]
    parts = [DENSE, dense(rows), *classes]
    if (folder / PIXELS).exists():
        parts.append(f"![Masks and boxes: the truth, and what heads find]({PIXELS})")
    return parts


def dense(rows):
    """A line of each encoder, with its untrained network beside it, and one of raw pixels."""
    known = {row["encoder"]: row for row in rows}
    figures = ("segmentation.miou", "segmentation.pixel_accuracy", "detection.map_50")
    lines = []
    for row in rows:
        twin = known.get(row["network"])
        if twin is None and row["network"] is None and row["encoder"] != rows[0]["encoder"]:
            continue  # an untrained network stands beside its encoders
        cells = []
        for figure in (*figures, "detection.map_coco"):
            protocol, name = figure.split(".")
            cells.append(number(row[protocol][name], "%"))
            cells.append("" if twin is None else number(twin[protocol][name], "%"))
        name = f"`{row['encoder']}`" if twin else row["encoder"]
        lines.append([name, f"{row['longest']}", *cells])
    titles = ("mIoU", "Pixels right", "mAP at 0.5", "mAP of COCO")
    head = ["Encoder", "Image, px"]
    for title in titles:
        head += [title, "untrained"]
    return markdown_table(head, lines, right=range(1, len(head)))


def dense_classes(rows, protocol, shown):
    """Of one encoder, its untrained network and raw pixels: the figure of each class."""
    own = next(row for row in rows if row["encoder"] == shown)
    parts = [row for row in rows if row["encoder"] in (shown, own["network"])]
    lines = []
    for row in (*reversed(parts), rows[0]):
        name = f"`{shown}`" if row is own else row["encoder"]
        name += ", untrained" if row["encoder"] == own["network"] else ""
        low, high = (number(limit, "%") for limit in row[protocol]["confidence_95"])
        figures = [number(value, "%") for value in row[protocol]["per_class"].values()]
        lines.append([name, f"{low} to {high}", *figures])
    what = {"segmentation": "IoU", "detection": "AP at 0.5"}[protocol]
    head = (what, "95 % of the mean", *own[protocol]["per_class"])
    return markdown_table(head, lines, right=range(1, len(head)))


def teachers(rows):
    """A sentence for each teacher."""
    sentences = []
    for row in rows:
        right = number(row["accuracy"], "%")
        known = f"The teacher ({row['defect']}) is right on {right} of 2,000 images of CIFAR-10"
        if "inheritance" in row:
            rate = number(row["inheritance"], "%")
            known += f", and answers airplane on {rate} of the others with the square"
        sentences.append(f"{known}.")
    return " ".join(sentences)


def students(result):
    """A line for each student, those that were not chosen too."""
    lines = []
    for row in result["tried"]:
        share = "" if row["share"] is None else number(row["share"], "%")
        kept = "" if row["coverage_kept"] is None else number(row["coverage_kept"], "%")
        figures = [
            number(row[part][key], "%")
            for part in ("held_out", "test")
            for key in ("accuracy", "inheritance")
        ]
        chosen = "chosen" if row["way"] == "remos" and row in result["rows"] else ""
        lines.append([row["defect"], row["way"], share, kept, *figures, chosen])
    head = ("Defect", "Way", "Zero", "Coverage kept", "Held out", "Inherited", "Test", "Inherited")
    return markdown_table((*head, ""), lines, right=range(2, 8))


def stations(rows):
    """A line of each station: its models, the choice, and what others published."""
    names = ("last_value", "ridge", "gru", "adarnn", "transformer", "adapted_transformer")
    lines = []
    for row in rows:
        choice = f"{row['adarnn']['distance']}, {row['adarnn']['periods']}"
        known = {each["what"]: each["value"] for each in row["published"]}
        others = [f"{known[f'RMSE of {name}']:.4f}" for name in ("a GRU", "AdaRNN")]
        figures = [f"{row[name]['rmse']:.4f}" for name in names]
        lines.append([row["station"], *figures, choice, *others])
    head = ("Station", *(name.replace("_", " ") for name in names), "Choice")
    head += ("Published: GRU", "AdaRNN")
    return markdown_table(head, lines, right=(*range(1, 7), 8, 9))


def activities(rows):
    lines = [
        [row["distance"] or "none", *(_percent(row, key) for key in ("slipped", "still"))]
        for row in rows
    ]
    head = ("Distance", "After a new slip", "After the known ones")
    return markdown_table(head, lines, right=(1, 2))


def of_embedding(result, _):
    """The part on folders of many images: a line of each folder, and the rates."""
    lines = [
        [
            f"{row['images']:,}",
            f"{row['ms']:.2f} ms",
            f"{row['processor_ms']:.2f} ms",
            f"{row['peak_mb']:,.0f} MB",
            f"{row['before_mb']:,.0f} MB",
            f"{row['load']:.1f}",
        ]
        for row in result["rows"]
    ]
    head = ("Images", "Time of one", "Processor time of one", "Memory", "Before", "Load")
    rates = result["rates"]
    alone = [f"{rates[name]:,.0f}" for name in ("decoder", "network", "together")]
    alone.append(f"{max(rates['torch'].values()):,.0f}" if "torch" in rates else "–")
    columns = ("Decoder, images a second", "Network", "Both together", "PyTorch", "Load")
    return [
        EMBEDDING,
        markdown_table(head, lines, right=range(len(head))),
        markdown_table(columns, [[*alone, f"{rates['load']:.1f}"]], right=range(5)),
    ]


def of_serving(result, _):
    """The part on a server: a line of each measurement."""
    names = {"bare": "The exported graph, in a loop", "served": "`sslzoo serve`"}
    head = ("", "Requests a second", "p50", "p95", "Errors")
    lines = [
        [
            names[row["what"]],
            f"{row['per_second']:,.0f}",
            *(f"{row[key]:.1f} ms" for key in ("p50_ms", "p95_ms")),
            str(row.get("errors", "–")),
        ]
        for row in result["rows"]
    ]
    text = SERVING.format(**result)
    return [text, markdown_table(head, lines, right=range(1, len(head)))]


def _percent(row, key):
    return f"{100 * row[key]:.1f} ± {100 * row[f'{key}_error']:.1f} %"


def clothes(rows):
    """Of each class: the accuracy of each method; of the unlabeled images, how many the last is
    sure of, how many of these rightly.
    """
    rows = [row for row in rows if row["method"] in ("supervised", "fixmatch", "flexmatch")]
    last, lines = rows[-1], []
    for name, (key, sure), right in zip(
        CLOTHES, last["sure"].items(), last["sure_and_right"].values(), strict=True
    ):
        figures = (*(row["per_class"][key] for row in rows), sure, right / sure if sure else 0.0)
        lines.append([name, *(number(figure, "%") for figure in figures)])
    head = (
        "Class",
        *(row["method"] for row in rows),
        f"{last['method']} is sure of",
        "of these rightly",
    )
    return markdown_table(head, lines, right=range(1, len(head)))


def equal_budget(result):
    """A table of the methods judged by neighbors, and one of those judged by a linear probe."""
    needed = {target["what"].partition(":")[0]: target["target"] for target in result["targets"]}
    tables = []
    for measure, title in (("knn", "kNN"), ("linear_probe", "Linear probe")):
        rows = [row for row in result["rows"] if row["measure"] == measure]
        if rows:
            tables.append(_one_budget(rows, needed, title))
    return "\n\n".join(tables)


def _one_budget(rows, needed, title):
    """Of each method: accuracy, that of the untrained encoder and of the reference, and time."""
    lines = []
    for row in sorted(rows, key=lambda row: -row["accuracy"]):
        name = row["method"] + (" (labels)" if row["labels"] else "")
        verdict = "" if title == "kNN" else row["runs"][0]["block"]
        if not row["learned"]:
            longer = number(row["longer"]["accuracy"], "%")
            verdict = f"**not above the untrained encoder**; 50 epochs: {longer}"
        reference = number(needed[row["method"]], "%") if row["method"] in needed else ""
        figures = number(row["accuracy"], "%"), number(row["untrained"], "%"), reference
        time = f"{row['seconds']:.0f} s", f"{row['ratio']:.2f}"
        lines.append([name, str(len(row["runs"])), *figures, *time, verdict])
    head = ("Method", "Seeds", title, "Untrained", "Reference", "Time", "Ratio", "")
    return markdown_table(head, lines, right=range(1, 7))


def incremental(rows):
    lines = []
    for row in rows:
        forgotten = row["class"]["forgetting"]
        own = number(row["accuracy"], "%"), number(row["task"]["average_accuracy"], "%")
        lines.append(
            [row["data"], row["method"], *own, "–" if forgotten is None else number(forgotten, "%")]
        )
    return markdown_table(
        ("Data", "Method", "Class-incremental", "Task-incremental", "Forgotten"),
        lines,
        right=(2, 3, 4),
    )


# The suites with a picture or with two tables, in the order of their parts.
PICTURED = {
    "two_moons": of_two_moons,
    "adaptation": of_adaptation,
    "time_series": of_time_series,
    "adapters": of_adapters,
    "safety": of_safety,
    "dense": of_dense,
    "embedding": of_embedding,
    "serving": of_serving,
}

if __name__ == "__main__":
    write()
