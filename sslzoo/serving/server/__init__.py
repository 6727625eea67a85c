"""`sslzoo serve`: TensorFlow Serving's REST API where no TensorFlow Serving is installed. It needs
the extra `serve`.
"""

from sslzoo.serving.server.limits import Limits
from sslzoo.serving.server.run import serve

__all__ = ["Limits", "serve"]
