"""The training of a zoo entry whose data come as tasks in sequence."""

from sslzoo import data, evaluate
from sslzoo.zoo.build import from_config
from sslzoo.zoo.sets import load_sets


def learn_tasks(model, config, train_set, folder, checkpoint_every, callbacks, verbose):
    """Train the model task by task; the record of `sslzoo.evaluate.incremental`. The same call
    again resumes in `folder`.

    Its baselines are the bounds: the same network with the same recipe, "naive" on one task after
    the other and "joint" on all tasks at once, in the class-incremental scenario and, with "_task"
    behind the name, in the task-incremental one.

    Raises:
        ValueError: a method that does not learn tasks; a config without test data for them, or with
        a sampler.
    """
    if not hasattr(model, "learn"):
        raise ValueError(
            f"tasks: {config.method} does not learn tasks in sequence; the methods of family "
            "'incremental' do."
        )
    protocol = next((entry for entry in config.evaluate if entry.protocol == "incremental"), None)
    if protocol is None:
        raise ValueError(
            "evaluate: has no {protocol: incremental, test: ...}, where a config with tasks "
            "names its test data."
        )
    if config.sampler is not None:
        raise ValueError(
            f"sampler: got {config.sampler.name!r} in a config with tasks; these are trained "
            "on shuffled images."
        )
    (test_set,) = load_sets([protocol.test], config.image_size)
    stream = data.TaskStream(train_set, test_set, config.tasks.count, config.tasks.seed)
    settings = {"epochs": config.epochs, "batch_size": config.batch_size, "verbose": verbose}
    settings["checkpoint_every"] = checkpoint_every

    record = evaluate.incremental(
        model, stream, checkpoint=folder / config.method, callbacks=callbacks, **settings
    )
    bound = config.model_copy(
        update={"method": "naive", "hyperparameters": {"classes": model.classes}}
    )
    for name in ("naive", "joint"):
        if name != config.method:
            found = evaluate.incremental(
                from_config(bound),
                stream,
                joint=name == "joint",
                checkpoint=folder / name,
                **settings,
            )
            accuracies = {
                name: found["accuracy"],
                f"{name}_task": found["task"]["average_accuracy"],
            }
            record["baselines"] |= accuracies
    return record
