"""What a model is for, in plain words and as model hubs name it. It needs no Keras."""

FEATURES = "features of images"
OF_FAMILY = {
    "asymmetric": FEATURES,
    "clustering": FEATURES,
    "contrastive": FEATURES,
    "pretext": FEATURES,
    "redundancy": FEATURES,
    "generalization": "classes in new domains",
    "generative": "features, samples",
    "incremental": "classes, task by task",
    "metric": "similar images",
    "restoring": "larger images",
    "semisupervised": "classes, few labels",
    "transfer": "features across domains",
}
RESTORES = "features, restored images"
OF_METHOD = {
    "adarnn": "forecasts of series",
    "colorization": RESTORES,
    "denoising_autoencoder": RESTORES,
    "encoder": FEATURES,
    "inpainting": RESTORES,
    "mae": RESTORES,
}

# (main verb, kind of item) -> a task of the Hugging Face Hub
PIPELINES = {
    ("encode", "images"): "image-feature-extraction",
    ("classify", "images"): "image-classification",
    ("upscale", "images"): "image-to-image",
    ("forecast", "series"): "time-series-forecasting",
}
OF_PROTOCOL = {
    "adaptation": "tabular-classification",
    "generalization": "image-classification",
    "likelihood": "unconditional-image-generation",
    "regression": "time-series-forecasting",
    "restoration": "image-to-image",
    "super_resolution": "image-to-image",
    "retrieval": "image-feature-extraction",
    "verification": "image-feature-extraction",
}


def purpose(method: str, family: str, classes: int | None = None) -> str:
    """What a model is for, in a few words.

    Args:
        method, family: of the model. classes: the number that an imported encoder knows.

    Example:
        >>> purpose("simclr", "contrastive"), purpose("encoder", "transfer", classes=10)
        ('features of images', 'classes of images')
    """
    if method == "encoder" and classes:
        return "classes of images"
    return OF_METHOD.get(method) or OF_FAMILY.get(family, "features")


def pipeline(verb: str, kind: str) -> str:
    """The Hub's task of a main verb on a kind of item.

    Example:
        >>> pipeline("upscale", "images"), pipeline("encode", "vectors")
        ('image-to-image', 'feature-extraction')
    """
    return PIPELINES.get((verb, kind), "feature-extraction")


def task_of(protocol: str) -> str:
    """The Hub's task of a protocol.

    Example:
        >>> task_of("knn"), task_of("super_resolution")
        ('image-classification', 'image-to-image')
    """
    return OF_PROTOCOL.get(protocol, "image-classification")
