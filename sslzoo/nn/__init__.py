"""Bricks: backbones, heads, preprocessing, folding, moving averages, the collapse measures,
networks of any size.
"""

from sslzoo.inputs import Preprocess, reads
from sslzoo.nn.any_size import any_size, feature_map
from sslzoo.nn.backbones import BACKBONES, backbone
from sslzoo.nn.bicubic import BicubicUpsampling, bicubic, bicubic_matrix
from sslzoo.nn.collapse import effective_rank, feature_std
from sslzoo.nn.decoders import mlp_decoder
from sslzoo.nn.exemplars import Exemplars
from sslzoo.nn.fold import fold
from sslzoo.nn.frozen import frozen
from sslzoo.nn.heads import head
from sslzoo.nn.herding import class_means, herding
from sslzoo.nn.noise import Noise
from sslzoo.nn.one_pass import one_pass
from sslzoo.nn.pixel_shuffle import PixelShuffle
from sslzoo.nn.queue import Queue
from sslzoo.nn.recurrent import gru, hidden_states, step_gates
from sslzoo.nn.srresnet import srgan_discriminator, srresnet_generator
from sslzoo.nn.state import State
from sslzoo.nn.step_weights import StepWeights, boosted_weights
from sslzoo.nn.vgg19 import vgg19_features

__all__ = [
    "BACKBONES",
    "BicubicUpsampling",
    "Exemplars",
    "Noise",
    "PixelShuffle",
    "Preprocess",
    "Queue",
    "State",
    "StepWeights",
    "any_size",
    "backbone",
    "bicubic",
    "bicubic_matrix",
    "boosted_weights",
    "class_means",
    "effective_rank",
    "feature_map",
    "feature_std",
    "fold",
    "frozen",
    "gru",
    "head",
    "herding",
    "hidden_states",
    "mlp_decoder",
    "one_pass",
    "reads",
    "srgan_discriminator",
    "srresnet_generator",
    "step_gates",
    "vgg19_features",
]
