from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import backends, losses, nn
from sslzoo.checks import above, refused, whole
from sslzoo.methods.clustering._multi_crop import MultiCropMethod


@keras.saving.register_keras_serializable("sslzoo")
class SwAV(MultiCropMethod):
    """Caron et al. 2020, "Unsupervised Learning of Visual Features by Contrasting Cluster
    Assignments", arXiv:2006.09882.

        z = g(f(view)) / |g(f(view))|,  scores s = z . prototypes
        q = sinkhorn(s / epsilon): soft assignments that use all prototypes alike
        loss = mean over large views a and other views v of  -sum_k q_a[k] log softmax(s_v / T)[k]

    The prototypes have length 1. They are trained, but not in the first epochs. The assignments are
    made from the two large views, without a gradient. The loss is the mean over the batch. See
    `sslzoo.losses.sinkhorn` and `sslzoo.losses.swapped_prediction`.

    A small batch cannot use all prototypes alike. A queue of earlier embeddings then joins it for
    the assignments. It is used from the step on at which it is full. The order of a step is that of
    the official code (facebookresearch/swav, main_swav.py). There the queue's size is rounded down
    to a multiple of the batch. Here another size is refused.

    Needs: images, for small crops a backbone of convolutions. With a batch below the number of
    prototypes it needs a queue.

    Known weakness: It learns little before the prototypes move. Short runs need few prototypes.

    Args:
        backbone: Network from items to features (N, F).
        projection: Units of the projector. The paper has (2048, 128).
        prototypes: K, the number of prototypes. The paper has 3000 for ImageNet's 1000 classes.
        temperature: T. The paper has 0.1.
        epsilon: Of Sinkhorn. The paper has 0.05.
        sinkhorn_iterations: The paper has 3.
        frozen_epochs: First epochs in which the prototypes stay as they are. The code has 313
            steps, which is one epoch.
        queue_size: Embeddings of each large view in the queue, a multiple of the batch size. The
            paper has 3840 with a batch of 256, and none with one of 4096.
        queue_epoch: The epoch, counted from 0, in which the queue is filled. The code has 15.
        augment: A preset or fields of `sslzoo.augment`, or a layer.
        small_views: Small crops of each image. The code's default is 0. The paper's best has 6.
        small_size: Side of a small crop in pixels. Default: half of the image's. The paper has 96
            of 224.
        small_augment: Fields in which small crops differ from `augment`. Default: an area of 0.05
            to 0.14.

    Example:
        >>> import sslzoo
        >>> units = {"projection": (16, 8), "prototypes": 10}
        >>> model = sslzoo.build("swav", "micro", 8, augment="digits", small_views=2, **units)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] = (2048, 128),
        prototypes: int = 3000,
        temperature: float = 0.1,
        epsilon: float = 0.05,
        sinkhorn_iterations: int = 3,
        frozen_epochs: int = 1,
        queue_size: int = 0,
        queue_epoch: int = 15,
        augment: Any = "swav",
        small_views: int = 0,
        small_size: int | None = None,
        small_augment: dict | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        crops = augment, small_views, small_size, small_augment
        super().__init__(backbone, projection, temperature, *crops, seed, name)
        count = whole("prototypes", prototypes, 2)
        self.prototypes = nn.Prototypes(self.dim, count, seed=seed + 2, name="prototypes")
        self.epsilon = above("epsilon", epsilon, 0)
        self.sinkhorn_iterations = whole("sinkhorn_iterations", sinkhorn_iterations, 1)
        self.frozen_epochs = whole("frozen_epochs", frozen_epochs, 0)
        self.queue_epoch = whole("queue_epoch", queue_epoch, 0)
        self.queue = None
        if whole("queue_size", queue_size, 0):
            self.queue = nn.Queue(queue_size, 2 * self.dim, seed=seed)  # both large views a row

    def before_step(self, batch: dict) -> dict:
        self.prototypes.normalize()
        return batch

    def compute_losses(self, batch: dict) -> dict:
        z = backends.gather(self.embeddings(batch))  # (N, V, D)
        scores = self.prototypes(z)  # (N, V, K)
        targets = [self.assigned(scores, view) for view in range(2)]
        self.keep("large", ops.reshape(z[:, :2], (-1, 2 * self.dim)))
        targets = ops.stack(targets, axis=1)  # (N, 2, K)
        return {"swav": losses.swapped_prediction(scores, targets, self.temperature)}

    def assigned(self, scores: Any, view: int) -> Any:
        """The assignments (N, K) of a large view, given the scores (N, V, K) of all views."""
        own = ops.stop_gradient(scores[:, view])  # (N, K)
        if self.queue is None:
            return losses.sinkhorn(own, self.epsilon, self.sinkhorn_iterations)
        start, end = view * self.dim, (view + 1) * self.dim
        queued = ops.stop_gradient(self.prototypes(self.queue.rows[:, start:end]))  # (Q, K)

        def with_queue():
            rows = ops.concatenate([queued, own], axis=0)  # (Q + N, K)
            assigned = losses.sinkhorn(rows, self.epsilon, self.sinkhorn_iterations)
            return assigned[self.queue.capacity :]

        def alone():
            return losses.sinkhorn(own, self.epsilon, self.sinkhorn_iterations)

        return ops.cond(self.queue_is_full(ops.shape(own)[0]), with_queue, alone)

    def queue_is_full(self, batch_size: Any) -> Any:
        """Whether all of the queue is from `queue_epoch` on."""
        size = self.queue.capacity
        if isinstance(batch_size, int) and size % batch_size:
            got = f"{size} with a batch of {batch_size}"
            raise refused("queue_size", got, "be a multiple of the batch size")
        return self.clock.step >= self.queue_epoch * self.clock.per_epoch + size // batch_size

    def change_gradients(self, gradients: list) -> list:
        clock = self.clock
        # Where the length of an epoch is not known, nothing is frozen.
        frozen = ops.logical_and(clock.per_epoch > 0, clock.epoch() < self.frozen_epochs)
        changed = []
        for variable, gradient in zip(self.trainable_variables, gradients, strict=True):
            if variable is self.prototypes.kernel:
                gradient = ops.where(frozen, ops.zeros_like(gradient), gradient)
            changed.append(gradient)
        return changed

    def after_step(self, batch: dict) -> None:
        if self.queue is not None:
            self.queue.push(batch["large"])
