from datetime import datetime
from zoneinfo import ZoneInfo

meeting = datetime(2026, 7, 1, 15, 0, tzinfo=ZoneInfo("Europe/Berlin"))
for city in ("America/New_York", "Asia/Kolkata", "UTC"):
    local = meeting.astimezone(ZoneInfo(city))
    print(f"{city:<18}{local:%H:%M %Z}")
meeting.utcoffset().total_seconds() / 3600
