"""Losses as pure functions of tensors: each is the mean over samples in its paper's own form."""

from sslzoo.losses.asymmetric import negative_cosine
from sslzoo.losses.contrastive import nt_xent
from sslzoo.losses.normalize import l2_normalize

__all__ = ["l2_normalize", "negative_cosine", "nt_xent"]
