import configparser
import xml.etree.ElementTree as ET
import tomllib

xml = """<orders><order id="1"><total>9.50</total></order><order id="2" rush="yes"><total>12.00</total></order></orders>"""
root = ET.fromstring(xml)
totals = {o.get("id"): float(o.findtext("total")) for o in root.iter("order")}
ET.SubElement(root, "order", id="3").text = "new & <raw>"
config = configparser.ConfigParser()
config.read_string("[shop]\nname = Lamps\nopen = yes\nlimit = 5\n")
settings = tomllib.loads('title = "x"\n[limits]\ncalls = 3\nday = 2026-03-01\n')
print(ET.tostring(root, encoding="unicode"))
[totals, config["shop"].getboolean("open"), config.getint("shop", "limit"), settings]
