"""The constants that a method has if nobody says otherwise are those of its paper."""

import inspect

import pytest

from sslzoo.methods.asymmetric.dino import DINO
from sslzoo.methods.asymmetric.simsiam import SimSiam
from sslzoo.methods.contrastive.dcl import DCL
from sslzoo.methods.contrastive.instance_discrimination import InstanceDiscrimination
from sslzoo.methods.contrastive.moco_v3 import MoCoV3
from sslzoo.methods.contrastive.sup_con import SupCon
from sslzoo.methods.incremental.icarl import ICaRL
from sslzoo.methods.incremental.lwf import LwF
from sslzoo.methods.metric.siamese import Siamese
from sslzoo.methods.redundancy.barlow_twins import BarlowTwins
from sslzoo.methods.restoring.colorization import Colorization
from sslzoo.methods.restoring.srgan import SRGAN
from sslzoo.methods.restoring.srresnet import SRResNet
from sslzoo.methods.semisupervised.fixmatch import FixMatch
from sslzoo.methods.semisupervised.flexmatch import FlexMatch
from sslzoo.methods.semisupervised.freematch import FreeMatch
from sslzoo.methods.semisupervised.mean_teacher import MeanTeacher
from sslzoo.methods.semisupervised.mixmatch import MixMatch
from sslzoo.methods.semisupervised.pi_model import PiModel
from sslzoo.methods.semisupervised.pseudo_label import PseudoLabel
from sslzoo.methods.semisupervised.remixmatch import ReMixMatch
from sslzoo.methods.semisupervised.softmatch import SoftMatch
from sslzoo.methods.semisupervised.uda import UDA
from sslzoo.methods.semisupervised.vat import VAT
from sslzoo.methods.transfer.adda import ADDA
from sslzoo.methods.transfer.dan import DAN
from sslzoo.methods.transfer.dann import DANN
from sslzoo.methods.transfer.deep_coral import DeepCORAL
from sslzoo.methods.transfer.dsan import DSAN

DEFAULTS = {
    DeepCORAL: {"weight": 10.0},
    DAN: {"weight": 0.5},
    DSAN: {"weight": 0.5},
    DANN: {"weight": 1.0, "slope": 10.0, "hidden": (256, 256)},
    ADDA: {"hidden": (500, 500)},
    BarlowTwins: {"redundancy_weight": 5.1e-3, "augment": "byol"},
    SimSiam: {"projection": (2048, 2048), "prediction": 512, "augment": "moco_v2"},
    DINO: {
        "projection": (2048, 2048, 256),
        "outputs": 65536,
        "small_views": 8,
        "momentum": 0.996,
        "teacher_temperature": 0.04,
        "frozen_epochs": 1,
    },
    DCL: {"temperature": 0.1},
    SupCon: {"temperature": 0.1},
    MoCoV3: {"projection": (4096, 256), "momentum": 0.99, "temperature": 1.0},
    InstanceDiscrimination: {
        "projection": (128,),
        "negatives": 4096,
        "momentum": 0.5,
        "temperature": 0.07,
    },
    FixMatch: {
        "threshold": 0.95,
        "unlabeled_weight": 1.0,
        "momentum": 0.999,
        "augment": "fixmatch",
    },
    FlexMatch: {
        "threshold": 0.95,
        "unlabeled_weight": 1.0,
        "momentum": 0.999,
        "augment": "fixmatch",
    },
    UDA: {"threshold": 0.8, "temperature": 0.4, "unlabeled_weight": 1.0, "momentum": 0.999},
    PseudoLabel: {"threshold": 0.95, "ramp": 0.4, "unlabeled_weight": 1.0, "momentum": 0.999},
    PiModel: {"unlabeled_weight": 10.0, "ramp": 0.4, "momentum": 0.999},
    MeanTeacher: {"unlabeled_weight": 50.0, "ramp": 0.4, "momentum": 0.999},
    VAT: {"epsilon": 3.0, "entropy_weight": 0.06, "unlabeled_weight": 0.3, "ramp": 0.4},
    MixMatch: {"temperature": 0.5, "alpha": 0.75, "unlabeled_weight": 75.0},
    ReMixMatch: {
        "temperature": 0.5,
        "alpha": 0.75,
        "unlabeled_weight": 1.5,
        "strong_weight": 0.5,
        "rotation_weight": 0.5,
        "ramp": 1 / 64,
    },
    FreeMatch: {"running_momentum": 0.999, "fairness_weight": 0.01},
    SoftMatch: {"running_momentum": 0.999, "sigmas": 2.0},
    Siamese: {"margin": 1.0},
    LwF: {"distillation_weight": 1.0, "temperature": 2.0, "competing": "seen"},
    ICaRL: {"exemplars": 2000, "temperature": 1.0},
    Colorization: {"objective": "classes", "rebalancing": 0.5, "temperature": 0.38},
    SRResNet: {"scale": 4, "last_kernel": 9, "pixel_loss": "mse"},
    SRGAN: {
        "content_weight": 1.0,
        "adversarial_weight": 1e-3,
        "pixel_weight": 0.0,
        "scale": 4,
        "last_kernel": 9,
        "width": 64,
    },
}


@pytest.mark.parametrize(
    ("method", "field", "value"),
    [(m, k, v) for m, table in DEFAULTS.items() for k, v in table.items()],
)
def test_it_is_the_papers(method, field, value):
    assert inspect.signature(method).parameters[field].default == value
