"""Every method by its class name: `sslzoo.methods.SimCLR(backbone, ...)`."""


def __getattr__(name):
    from sslzoo.zoo.registry import list_methods, method_class

    if name.lower() in list_methods():
        found = method_class(name.lower())
        if found.__name__ == name:
            return found
    raise AttributeError(f"module 'sslzoo.methods' has no attribute {name!r}")
