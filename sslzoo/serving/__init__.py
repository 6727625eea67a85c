"""What leaves the zoo: a model as a SavedModel that TF Serving and plain TensorFlow run; a server
of its own (`sslzoo.serving.server`); a client of both.

It knows models by their contract alone (`reads`, `verbs`, `<verb>_graph`), so it stands below the
methods.
"""

from sslzoo.serving.client import Client, ServerError
from sslzoo.serving.export import export

__all__ = ["Client", "ServerError", "export"]
