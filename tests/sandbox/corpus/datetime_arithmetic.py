from datetime import UTC, datetime, timedelta, timezone

start = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
tokyo = start.astimezone(timezone(timedelta(hours=9), "JST"))
parsed = datetime.strptime("03/04/2026 07:15 PM", "%d/%m/%Y %I:%M %p").replace(tzinfo=UTC)
gap = parsed - start
hours, rest = divmod(int(gap.total_seconds()), 3600)
print(tokyo.isoformat(), tokyo.tzname(), f"{hours}h {rest // 60:02d}m")
print(f"{start:%Y-%m-%d %H:%M}", datetime.fromisoformat("2026-03-28T22:30:00Z") == start)
[gap, gap.days, start.timestamp(), parsed]
