"""Bricks: backbones, heads, preprocessing, folding, moving averages, the collapse measures."""

from sslzoo.nn.backbones import BACKBONES, backbone
from sslzoo.nn.collapse import effective_rank, feature_std
from sslzoo.nn.fold import fold
from sslzoo.nn.heads import head
from sslzoo.nn.preprocess import Preprocess

__all__ = ["BACKBONES", "Preprocess", "backbone", "effective_rank", "feature_std", "fold", "head"]
