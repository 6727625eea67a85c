"""Protocols that say what a representation is worth: each returns a plain-JSON record of figure and
settings.
"""

from sslzoo.data.subset import labelled_subset
from sslzoo.evaluate.accuracy import AccuracyLog, accuracy
from sslzoo.evaluate.features import features
from sslzoo.evaluate.few_shot import few_shot
from sslzoo.evaluate.finetuning import finetune
from sslzoo.evaluate.neighbours import knn
from sslzoo.evaluate.probe import linear_probe
from sslzoo.evaluate.retrieval import retrieval
from sslzoo.evaluate.super_resolution import super_resolution
from sslzoo.evaluate.super_resolution_plot import plot_super_resolution
from sslzoo.evaluate.tasks import incremental
from sslzoo.evaluate.verification import verification

__all__ = [
    "AccuracyLog",
    "accuracy",
    "features",
    "few_shot",
    "finetune",
    "incremental",
    "knn",
    "labelled_subset",
    "linear_probe",
    "plot_super_resolution",
    "retrieval",
    "super_resolution",
    "verification",
]
