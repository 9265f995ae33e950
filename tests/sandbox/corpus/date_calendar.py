import calendar
from datetime import date, timedelta

start = date(2026, 1, 28)
days = [start + timedelta(days=i) for i in range(10)]
workdays = [d for d in days if d.weekday() < 5]
first_monday = next(d for d in days if d.weekday() == calendar.MONDAY)
last_day = calendar.monthrange(2028, 2)[1]
print(", ".join(d.strftime("%a %d %b") for d in workdays))
print(calendar.month(2026, 2))
{"iso": start.isocalendar()[:2], "monday": first_monday, "leap": last_day, "quarter": (start.month - 1) // 3 + 1}
