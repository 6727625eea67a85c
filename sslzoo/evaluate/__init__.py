"""Protocols that say what a representation is worth: each returns a plain-JSON record of figure and settings."""

from sslzoo.evaluate.features import features
from sslzoo.evaluate.finetuning import finetune
from sslzoo.evaluate.neighbours import knn
from sslzoo.evaluate.probe import linear_probe
from sslzoo.evaluate.subset import labelled_subset

__all__ = ["features", "finetune", "knn", "labelled_subset", "linear_probe"]
