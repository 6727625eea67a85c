"""Pictures of records of `sslzoo.evaluate.incremental`: PNG bytes."""

import numpy as np

from sslzoo.plots.figure import CLASS_COLORS, GRID, INK, MUTED, empty, png

SCENARIOS = {
    "class": ("all classes so far compete", CLASS_COLORS[0]),
    "task": ("the task is told", CLASS_COLORS[1]),
}
NOT_LEARNED = "#e4e7eb"


def matrices_png(records: dict[str, dict], scenario: str = "class") -> bytes:
    """The accuracy matrices of {name: record} beside each other.

    Row: after learning that task; column: tested on that one. A task that is not yet learned is
    gray, whatever a method would answer.

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
    figure.axes[0].set_xlabel("accuracy on (%); gray: not yet learned", color=MUTED, loc="left")
    figure.tight_layout()
    return png(figure)


def curves_png(records: dict[str, dict]) -> bytes:
    """The mean accuracy on the tasks seen so far, task by task, of {name: record}.

    Each method has a panel of its own, so that no line hides another. A record of joint training
    is a dashed line across every panel, or across one of its own if there is nothing else.

    >>> curve = {"curve": [1.0, 0.75]}
    >>> record = {"settings": {"joint": False}, "class": curve, "task": curve}
    >>> curves_png({"naive": record})[1:4]
    b'PNG'
    """
    joint = {name: record for name, record in records.items() if record["settings"]["joint"]}
    shown = {name: record for name, record in records.items() if name not in joint} or joint
    figure = empty(2.6 * len(shown) + 2.2, 2.9)
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, (name, record) in zip(panels, shown.items(), strict=True):
        _draw_curves(axes, {name: record} | joint)
        axes.set_title(name, fontsize=11, color=INK, loc="left")
        axes.set_xlabel("tasks learned", color=MUTED)
        axes.set_ylim(0, 1.03)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.tick_params(colors=MUTED, labelsize=9, length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    panels[0].set_ylabel("accuracy", color=MUTED)
    look = {"frameon": False, "fontsize": 9.5, "labelcolor": INK}
    panels[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), **look)
    figure.tight_layout()
    return png(figure)


def _draw_matrix(axes, matrix):
    if len(matrix) > 1:  # the one row of joint training comes after all tasks
        matrix = np.where(np.tri(*matrix.shape, dtype=bool), matrix, np.nan)
    axes.set_facecolor(NOT_LEARNED)
    axes.imshow(np.ma.masked_invalid(matrix), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (t, j), value in np.ndenumerate(matrix):
        if np.isfinite(value):
            color = "white" if value > 0.6 else INK
            text = {"ha": "center", "va": "center", "fontsize": 9, "color": color}
            axes.text(j, t, f"{100 * value:.0f}", **text)
    axes.tick_params(colors=MUTED, labelsize=9, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_curves(axes, records):
    for scenario, (label, color) in SCENARIOS.items():
        for name, record in records.items():
            curve = record[scenario]["curve"]
            if record["settings"]["joint"]:
                look = {"linewidth": 1.4, "linestyle": "--", "label": f"{label}, {name}"}
                axes.axhline(curve[0], color=color, **look)
            else:
                look = {"linewidth": 2, "marker": "o", "markersize": 5, "label": label}
                axes.plot(range(1, len(curve) + 1), curve, color=color, **look)
