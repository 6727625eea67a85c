"""Pictures of records of `sslzoo.evaluate.incremental`: PNG bytes."""

import numpy as np

from sslzoo.plots.figure import CLASS_COLORS, GRID, INK, MUTED, empty, png

COLORS = CLASS_COLORS[:6]  # of the lines: more do not stay apart
TITLES = {"class": "every class seen so far competes", "task": "the task is told"}


def matrices_png(records: dict[str, dict], scenario: str = "class") -> bytes:
    """The accuracy matrices of {name: record} beside each other.

    Row: after learning that task; column: tested on that one. What is not defined stays empty.

    Args:
        scenario: "class" or "task" incremental.

    >>> scenario = {"matrix": [[1.0, None], [0.5, 1.0]], "average_accuracy": 0.75}
    >>> record = {"settings": {"tasks": [["cat"], ["dog"]]}, "class": scenario}
    >>> matrices_png({"naive": record})[1:4]
    b'PNG'
    """
    figure = empty(2.9 * len(records) + 0.4, 3.1)
    panels = figure.subplots(1, len(records), squeeze=False)[0]
    for axes, (name, record) in zip(panels, records.items(), strict=True):
        matrix = np.array(record[scenario]["matrix"], "float64")
        _draw_matrix(axes, matrix)
        names = [" ".join(names) for names in record["settings"]["tasks"]]
        axes.set_xticks(range(len(names)), names, rotation=30)
        axes.set_yticks(range(len(matrix)), names if len(matrix) > 1 else ["all"])
        title = f"{name}: {100 * record[scenario]['average_accuracy']:.1f} %"
        axes.set_title(title, fontsize=11, color=INK, pad=8)
    figure.axes[0].set_ylabel("after learning", color=MUTED)
    figure.axes[0].set_xlabel("accuracy on", color=MUTED)
    figure.tight_layout()
    return png(figure)


def curves_png(records: dict[str, dict]) -> bytes:
    """The mean accuracy on the tasks seen so far, task by task, in both scenarios, of {name:
    record}.

    A record of joint training is a dashed line across. Each line is thinner than the one before it:
    none hides another.

    >>> curve = {"curve": [1.0, 0.75]}
    >>> record = {"settings": {"joint": False}, "class": curve, "task": curve}
    >>> curves_png({"naive": record})[1:4]
    b'PNG'
    """
    figure = empty(10, 3.4)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (scenario, title) in zip(panels, TITLES.items(), strict=True):
        _draw_curves(axes, records, scenario)
        axes.set_title(title, fontsize=11, color=INK, loc="left")
        axes.set_xlabel("tasks learned", color=MUTED)
        axes.set_ylim(0, 1.02)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.tick_params(colors=MUTED, labelsize=9, length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    figure.axes[0].set_ylabel("accuracy", color=MUTED)
    look = {"frameon": False, "fontsize": 9.5, "labelcolor": INK}
    figure.axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5), **look)
    figure.tight_layout()
    return png(figure)


def _draw_matrix(axes, matrix):
    axes.imshow(np.ma.masked_invalid(matrix), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (t, j), value in np.ndenumerate(matrix):
        if np.isfinite(value):
            color = "white" if value > 0.6 else INK
            text = {"ha": "center", "va": "center", "fontsize": 9, "color": color}
            axes.text(j, t, f"{100 * value:.0f}", **text)
    axes.tick_params(colors=MUTED, labelsize=9, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_curves(axes, records, scenario):
    for i, (name, record) in enumerate(records.items()):
        curve, width = record[scenario]["curve"], 1.8 + 0.8 * (len(records) - 1 - i)
        if record["settings"]["joint"]:
            axes.axhline(curve[0], color=MUTED, linewidth=1.5, linestyle="--", label=name)
            continue
        look = {"color": COLORS[i % len(COLORS)], "marker": "o", "markersize": 2 + 1.2 * width}
        axes.plot(range(1, len(curve) + 1), curve, linewidth=width, label=name, **look)
