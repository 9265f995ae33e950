from datetime import date

def add_months(day, months):
    month = day.month - 1 + months
    return day.replace(year=day.year + month // 12, month=month % 12 + 1)

def schedule(principal, yearly_rate, months, start):
    rate = yearly_rate / 12
    payment = principal * rate / (1 - (1 + rate) ** -months)
    balance = principal
    for n in range(1, months + 1):
        interest = balance * rate
        balance -= payment - interest
        yield {"n": n, "due": add_months(start, n).isoformat(), "interest": round(interest, 2), "left": abs(round(balance, 2))}

rows = list(schedule(10_000, 0.05, 6, date(2025, 9, 15)))
print(f"{'#':>2} {'due':<11}{'interest':>9}{'left':>11}")
for row in rows:
    print(f"{row['n']:>2} {row['due']:<11}{row['interest']:>9.2f}{row['left']:>11,.2f}")
round(sum(r["interest"] for r in rows), 2)
