"""Data sets as many small problems: tasks in sequence, episodes."""

from sslzoo.data.tasks.episodes import Episode, Episodes
from sslzoo.data.tasks.sequence import Task, TaskStream

__all__ = ["Episode", "Episodes", "Task", "TaskStream"]
