"""Pictures of records of `sslzoo.evaluate.incremental`: PNG bytes."""

from io import BytesIO

import numpy as np
from matplotlib.figure import Figure

INK, MUTED = "#1f2933", "#7b8794"
COLOURS = ("#3a6ea5", "#e08214", "#4d9a51", "#c0392b", "#7d5ba6", "#8c6044")  # as in sslzoo.report


def matrices_png(records, scenario="class"):
    """The accuracy matrices of {name: record} beside each other, in the "class" or "task"
    incremental scenario.

    Row: after learning that task; column: tested on that one. What is not defined stays empty.
    """
    figure = Figure(figsize=(2.9 * len(records) + 0.4, 3.1), facecolor="white")
    for axes, (name, record) in zip(
        figure.subplots(1, len(records), squeeze=False)[0], records.items(), strict=True
    ):
        matrix = np.array(record[scenario]["matrix"], "float64")
        axes.imshow(np.ma.masked_invalid(matrix), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (t, j), value in np.ndenumerate(matrix):
            if np.isfinite(value):
                axes.text(
                    j,
                    t,
                    f"{100 * value:.0f}",
                    ha="center",
                    va="center",
                    fontsize=9,
                    color="white" if value > 0.6 else INK,
                )
        names = [" ".join(names) for names in record["settings"]["tasks"]]
        axes.set_xticks(range(len(names)), names, rotation=30)
        axes.set_yticks(range(len(matrix)), names if len(matrix) > 1 else ["all"])
        axes.set_title(
            f"{name}: {100 * record[scenario]['average_accuracy']:.1f} %",
            fontsize=11,
            color=INK,
            pad=8,
        )
        axes.tick_params(colors=MUTED, labelsize=9, length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
    figure.axes[0].set_ylabel("after learning", color=MUTED)
    figure.axes[0].set_xlabel("accuracy on", color=MUTED)
    figure.tight_layout()
    return _png(figure)


def curves_png(records):
    """The mean accuracy on the tasks seen so far, task by task, in both scenarios, of {name:
    record}.

    A record of joint training is a dashed line across. Each line is thinner than the one before it:
    none hides another.
    """
    figure = Figure(figsize=(10, 3.4), facecolor="white")
    titles = {"class": "every class seen so far competes", "task": "the task is told"}
    for axes, (scenario, title) in zip(
        figure.subplots(1, 2, sharey=True), titles.items(), strict=True
    ):
        for i, ((name, record), colour) in enumerate(zip(records.items(), COLOURS, strict=False)):
            curve, width = record[scenario]["curve"], 1.8 + 0.8 * (len(records) - 1 - i)
            if record["settings"]["joint"]:
                axes.axhline(curve[0], color=MUTED, linewidth=1.5, linestyle="--", label=name)
            else:
                steps = range(1, len(curve) + 1)
                axes.plot(
                    steps,
                    curve,
                    color=colour,
                    linewidth=width,
                    marker="o",
                    markersize=2 + 1.2 * width,
                    label=name,
                )
        axes.set_title(title, fontsize=11, color=INK, loc="left")
        axes.set_xlabel("tasks learned", color=MUTED)
        axes.set_ylim(0, 1.02)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
        axes.tick_params(colors=MUTED, labelsize=9, length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    figure.axes[0].set_ylabel("accuracy", color=MUTED)
    figure.axes[1].legend(
        frameon=False, fontsize=9.5, labelcolor=INK, loc="center left", bbox_to_anchor=(1, 0.5)
    )
    figure.tight_layout()
    return _png(figure)


def _png(figure):
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=150)
    return stream.getvalue()
