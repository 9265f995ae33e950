import statistics as st

data = [12.5, 15.0, 14.2, 13.8, 99.0, 15.0, 12.9]
q1, q2, q3 = st.quantiles(data, n=4)
iqr = q3 - q1
outliers = [x for x in data if x < q1 - 1.5 * iqr or x > q3 + 1.5 * iqr]
print(f"mean={st.mean(data):.3f} median={st.median(data)} stdev={st.stdev(data):.3f} mode={st.mode(data)}")
print("outliers:", outliers)
{"fmean": round(st.fmean(data), 4), "pvariance": round(st.pvariance(data), 4), "multimode": st.multimode("aabbc")}
