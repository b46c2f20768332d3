"""Working hours: when a desk is open (`schedule`), and reckoning in open time (`calendar`)."""

from triage.hours.calendar import Calendar, NeverOpen, TooFar
from triage.hours.schedule import Holiday, LocalSpan, Schedule, ScheduleError, problems

__all__ = ["Calendar", "Holiday", "LocalSpan", "NeverOpen", "Schedule", "ScheduleError", "TooFar", "problems"]
