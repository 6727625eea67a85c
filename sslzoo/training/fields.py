"""What `fit` is fed -> named fields, checked."""

from typing import Any

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

    def named_batch(self, data: Any) -> dict:
        """What `fit` was fed -> a dict of named fields."""
        if isinstance(data, dict):
            return data
        if isinstance(data, (tuple, list)):
            second = self.label_fields[0] if self.label_fields else "labels"
            data = (
                data[0]
                if len(data) == 1
                else dict(zip((self.reads.field, second), data, strict=False))
            )
        return self.reads.named(data)

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
