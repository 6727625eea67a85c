"""Bricks: backbones, heads, preprocessing, folding, moving averages, the collapse measures,
networks of any size, tiles.
"""

from sslzoo.inputs import Preprocess, reads
from sslzoo.nn.adapters import with_adapters
from sslzoo.nn.any_size import any_size, at_length, at_size, feature_map, map_and_features
from sslzoo.nn.backbones import BACKBONES, backbone
from sslzoo.nn.bicubic import BicubicUpsampling, bicubic, bicubic_matrix
from sslzoo.nn.blocks import (
    Blocks,
    block_maps,
    block_parts,
    block_weights,
    blocks,
    has_blocks,
    parts,
)
from sslzoo.nn.collapse import alignment, effective_rank, feature_std, uniformity
from sslzoo.nn.cosine_dense import CosineDense
from sslzoo.nn.coverage import (
    coverage_graph,
    covered,
    edge_coverage,
    kernel_layers,
    lowest,
    magnitude,
    relevance,
)
from sslzoo.nn.decoders import map_decoder, mlp_decoder
from sslzoo.nn.dense_maps import dense_map, patch_of
from sslzoo.nn.exemplars import Exemplars
from sslzoo.nn.fold import fold
from sslzoo.nn.frozen import frozen, unrecorded
from sslzoo.nn.gradient_reversal import adversarial_ramp, reverse_gradient
from sslzoo.nn.heads import head, shortcut_head
from sslzoo.nn.herding import class_means, herding
from sslzoo.nn.ink import LightInk
from sslzoo.nn.inner_adam import InnerAdam
from sslzoo.nn.inside import filled, full, inside
from sslzoo.nn.lab import gamut_bins, lab_to_rgb, rgb_to_lab, soft_bins
from sslzoo.nn.low_rank import merged, with_low_rank
from sslzoo.nn.masked_vit import masked_decoder, vit_parts, vit_patches
from sslzoo.nn.memory_bank import MemoryBank
from sslzoo.nn.noise import Noise
from sslzoo.nn.normalize import normalized
from sslzoo.nn.one_pass import one_pass
from sslzoo.nn.patch_attention import patch_attention
from sslzoo.nn.patchify import patchify, unpatchify
from sslzoo.nn.permutations import Permutations, far_permutations
from sslzoo.nn.pixel_shuffle import PixelShuffle
from sslzoo.nn.places import on_rows, place_count, places
from sslzoo.nn.prototypes import Prototypes
from sslzoo.nn.queue import Queue
from sslzoo.nn.recurrent import gru, hidden_states, step_gates
from sslzoo.nn.row_context import row_context
from sslzoo.nn.running_means import RunningMeans
from sslzoo.nn.sim_adapters import with_sim_adapters
from sslzoo.nn.speech_transformer import speech_transformer
from sslzoo.nn.srresnet import srgan_discriminator, srresnet_generator
from sslzoo.nn.state import State
from sslzoo.nn.step_transformer import series_transformer
from sslzoo.nn.step_weights import StepWeights, boosted_weights
from sslzoo.nn.tiles import WINDOW, reach, tiled, tiled_graph
from sslzoo.nn.vgg19 import vgg19_features
from sslzoo.nn.widen import widen

__all__ = [
    "BACKBONES",
    "BicubicUpsampling",
    "Blocks",
    "CosineDense",
    "Exemplars",
    "InnerAdam",
    "LightInk",
    "MemoryBank",
    "Noise",
    "Permutations",
    "PixelShuffle",
    "Preprocess",
    "Prototypes",
    "Queue",
    "RunningMeans",
    "State",
    "StepWeights",
    "WINDOW",
    "adversarial_ramp",
    "alignment",
    "any_size",
    "at_length",
    "at_size",
    "backbone",
    "bicubic",
    "bicubic_matrix",
    "block_maps",
    "block_parts",
    "block_weights",
    "blocks",
    "boosted_weights",
    "class_means",
    "covered",
    "coverage_graph",
    "dense_map",
    "edge_coverage",
    "effective_rank",
    "far_permutations",
    "feature_map",
    "feature_std",
    "filled",
    "fold",
    "frozen",
    "full",
    "gamut_bins",
    "gru",
    "has_blocks",
    "head",
    "herding",
    "inside",
    "hidden_states",
    "kernel_layers",
    "lab_to_rgb",
    "lowest",
    "magnitude",
    "map_and_features",
    "map_decoder",
    "masked_decoder",
    "merged",
    "mlp_decoder",
    "normalized",
    "on_rows",
    "one_pass",
    "patch_attention",
    "patch_of",
    "patchify",
    "parts",
    "place_count",
    "places",
    "reach",
    "reads",
    "relevance",
    "reverse_gradient",
    "rgb_to_lab",
    "row_context",
    "series_transformer",
    "shortcut_head",
    "soft_bins",
    "speech_transformer",
    "srgan_discriminator",
    "srresnet_generator",
    "step_gates",
    "tiled",
    "tiled_graph",
    "uniformity",
    "unpatchify",
    "unrecorded",
    "vgg19_features",
    "vit_parts",
    "vit_patches",
    "widen",
    "with_adapters",
    "with_low_rank",
    "with_sim_adapters",
]
