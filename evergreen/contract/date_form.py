"""What the moments of a column of dates are. A day may come with a time too, and a time without one is midnight."""

from typing import Literal

DateForm = Literal["day", "time", "time with zone"]
DAY: DateForm = "day"
TIME: DateForm = "time"
ZONED: DateForm = "time with zone"
