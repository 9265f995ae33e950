import re

text = export_reviews()
emails = re.findall(r"[\w.+-]+@[\w-]+\.\w+", text)
dates = re.findall(r"\b(\d{4})-(\d{2})-(\d{2})\b", text)
redacted = re.sub(r"[\w.+-]+@[\w-]+\.\w+", "<email>", text)
redacted = re.sub(r"\+\d[\d ]{6,}\d", "<phone>", redacted)
match = re.search(r"refund on (?P<day>\S+?)[.\"]", text)
{
    "emails": emails,
    "dates": dates,
    "day": match.group("day") if match else None,
    "clean": "<phone>" in redacted and "@" not in redacted,
}
