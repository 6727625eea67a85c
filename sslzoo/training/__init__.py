"""The engine under every method: the contract, `fit`, its data, checkpoints, guards, verbs.

`Method` is the class to derive from; `Verb` is what a trained model is asked for; `Checkpoint` is
the callback that makes a run safe to interrupt.
"""

from sslzoo.training.checkpoint import Checkpoint
from sslzoo.training.closed_form import ClosedForm
from sslzoo.training.method import Learned, Method
from sslzoo.training.verbs import Verb

__all__ = ["Checkpoint", "ClosedForm", "Learned", "Method", "Verb"]
