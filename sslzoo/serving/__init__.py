"""What leaves the zoo: a model as a SavedModel that TF Serving and plain TensorFlow run.

It knows models by their contract alone (`reads`, `verbs`, `<verb>_graph`), so it stands below the
methods.
"""

from sslzoo.serving.export import export

__all__ = ["export"]
