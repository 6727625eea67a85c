"""Losses as pure functions of tensors. Each is the mean over samples, in the form of its paper."""

from sslzoo.losses.adaptive import (
    adaptive_thresholds,
    aligned,
    fairness,
    truncated_gaussian,
)
from sslzoo.losses.adversarial import discriminator_loss, generator_loss
from sslzoo.losses.asymmetric import negative_cosine
from sslzoo.losses.clustering import sinkhorn, swapped_prediction
from sslzoo.losses.consistency import (
    divergences,
    entropies,
    squared_consistency,
    virtual_adversary,
)
from sslzoo.losses.contrastive import dcl, info_nce, info_nce_batch, nt_xent
from sslzoo.losses.distillation import distillation, masked_cross_entropy, sigmoid_distillation
from sslzoo.losses.domains import (
    DOMAIN_DISTANCES,
    adversarial_distance,
    coral,
    lmmd,
    mean_cosine,
    mmd,
)
from sslzoo.losses.mutual_information import (
    clip_scores,
    info_nce_places,
    jsd_places,
    place_scores,
    predictive_info_nce,
)
from sslzoo.losses.noise_contrastive import nce
from sslzoo.losses.normalize import l2_normalize
from sslzoo.losses.pair import pair_contrastive, pair_contrastive_batch
from sslzoo.losses.redundancy import barlow_twins, vicreg, vicreg_parts
from sslzoo.losses.risks import domain_means, irm_penalty, moment_distance, risk_variance
from sslzoo.losses.self_distillation import dino
from sslzoo.losses.semisupervised import (
    TSA_SCHEDULES,
    annealed_cross_entropy,
    confident_cross_entropy,
    flexible_thresholds,
    pseudo_labels,
    sharpen,
    tsa_threshold,
)
from sslzoo.losses.supervised import sup_con
from sslzoo.losses.triplet import (
    triplet_batch_all,
    triplet_batch_hard,
    triplet_loss,
    triplet_parts,
    triplet_semi_hard,
)
from sslzoo.losses.variational import (
    bernoulli_log_likelihood,
    elbo,
    gaussian_kl,
    gaussian_log_density,
    importance_weighted_bound,
)

__all__ = [
    "DOMAIN_DISTANCES",
    "TSA_SCHEDULES",
    "adaptive_thresholds",
    "adversarial_distance",
    "aligned",
    "annealed_cross_entropy",
    "barlow_twins",
    "bernoulli_log_likelihood",
    "confident_cross_entropy",
    "clip_scores",
    "coral",
    "dcl",
    "dino",
    "discriminator_loss",
    "distillation",
    "divergences",
    "domain_means",
    "elbo",
    "entropies",
    "fairness",
    "flexible_thresholds",
    "gaussian_kl",
    "gaussian_log_density",
    "generator_loss",
    "importance_weighted_bound",
    "info_nce",
    "info_nce_batch",
    "info_nce_places",
    "irm_penalty",
    "jsd_places",
    "l2_normalize",
    "lmmd",
    "masked_cross_entropy",
    "mean_cosine",
    "mmd",
    "moment_distance",
    "nce",
    "negative_cosine",
    "nt_xent",
    "pair_contrastive",
    "pair_contrastive_batch",
    "place_scores",
    "predictive_info_nce",
    "pseudo_labels",
    "risk_variance",
    "sharpen",
    "sigmoid_distillation",
    "sinkhorn",
    "squared_consistency",
    "sup_con",
    "triplet_batch_all",
    "triplet_batch_hard",
    "triplet_loss",
    "triplet_parts",
    "triplet_semi_hard",
    "swapped_prediction",
    "truncated_gaussian",
    "tsa_threshold",
    "vicreg",
    "vicreg_parts",
    "virtual_adversary",
]
