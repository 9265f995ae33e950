from datetime import UTC, date, datetime

today = date.today()
now = datetime.now(UTC)
joined = {c["name"]: date.fromisoformat(c["joined_on"]) for c in list_customers()}
years = {
    name: today.year - day.year - ((today.month, today.day) < (day.month, day.day)) for name, day in joined.items()
}
print(today, now.strftime("%Y-%m-%d %H:%M"), now.tzinfo)
years
