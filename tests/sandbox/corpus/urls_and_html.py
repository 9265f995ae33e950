import html
from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, unquote_plus, urlencode, urljoin, urlsplit

url = "https://user@shop.example:8443/search?q=desk+lamp&tag=a&tag=b#top"
parts = urlsplit(url)
query = parse_qs(parts.query)

class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links = []
        self.text = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs).get("href"))

    def handle_data(self, data):
        if data.strip():
            self.text.append(data.strip())

parser = Links()
parser.feed('<p>See <a href="/orders/101">order &amp; invoice</a> or <a href="?p=2">next</a></p>')
print(html.escape('<a href="x">'), html.unescape("&lt;&eacute;&gt;"), quote("å b/c", safe=""), unquote_plus("a+b%21"))
[parts.hostname, parts.port, query, urljoin(url, parser.links[0]), parser.text, urlencode({"q": "ü x", "n": [1, 2]}, doseq=True)]
