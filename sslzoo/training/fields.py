"""What `fit` is fed -> named fields, checked."""

from typing import Any

from sslzoo.checks import refused
from sslzoo.inputs import check_label_field


class Fields:
    """The part of a `Method` that names and checks the fields of its data.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("triplet", "micro", 8)
        >>> model.fields
        ('images', 'labels')
        >>> sorted(model.named_batch(([[0.0]], [1])))
        ['images', 'labels']
    """

    @property
    def y_field(self) -> str:
        """The field that `y` is, and the second part of a pair: labels or targets."""
        known = [field for field in self.label_fields if field in ("labels", "targets")]
        return (*known, *self.label_fields, "labels")[0]

    def named_batch(self, data: Any) -> dict:
        """What `fit` was fed -> a dict of named fields.

        Raises:
            ValueError: a tuple of other than one or two parts, or a field that comes twice.
        """
        if not isinstance(data, (tuple, list)):
            return self.reads.named(data)
        if len(data) not in (1, 2):
            needed = f"be items, or items and {self.y_field}, without weights"
            raise refused("x", f"a {type(data).__name__} of {len(data)} parts", needed)
        items = self.reads.named(data[0])
        return items if len(data) == 1 else with_field(items, self.y_field, data[1])

    def checked(self, data: dict) -> dict:
        """{field: values} as the model reads them.

        Raises:
            ValueError: a field that is missing, or that this model cannot take.
        """
        for field in self.fields:
            if field not in data:
                raise ValueError(
                    f"{field}: missing from the batch, which has {sorted(data)}; "
                    f"{type(self).__name__} needs {list(self.fields)}."
                )
        items = self.reads.check(self.reads.of(data))
        checked = {**data, **self.reads.named(items)}
        for field in self.more_inputs:
            checked[field] = self.reads.check(data[field], field)
        count = self.reads.count(items)
        for field in sorted({"labels", *self.label_fields} & set(data)):
            checked[field] = check_label_field(field, data[field], count)
        self.check(checked)
        return checked


def with_field(batch: dict, field: str, values: Any) -> dict:
    """A batch with one more field.

    Raises:
        ValueError: the batch has that field.

    Example:
        >>> from sslzoo.training.fields import with_field
        >>> with_field({"images": 1}, "labels", 2)
        {'images': 1, 'labels': 2}
    """
    if field in batch:
        raise refused(field, "values in the dict and beside it", "be given once")
    return {**batch, field: values}
