"""What a request is made of: of each part, what is odd about it, and what is quite allowed."""

TOKEN = "SESAME-SESAME-SESAME"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MULTIPART = "multipart/form-data; boundary=b"
TEXT = "text/plain"

METHODS = (
    "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "post", "TRACE", "CONNECT", "P@ST",
    "",
)  # fmt: skip
PATHS = (
    "/push/", "//push", "/Push", "/push.html", "/PUSH.HTML/", "/index.php/push", "/push/index",
    "/index/push/index", "/push/index.html", "/%70ush", "/pus%68", "/push%2f", "/push%00",
    "/push;a", "/push#a", "/push/batch", "/push/batch/", "/healthz", "/users/ann", "/channels/a",
    "/events", "http://a/push", "http://b:1/push", "HTTP://a/push?content=b", "https://a/push",
    "*", "push", "", "/./push", "/a/../push", "/push//", "/push ", " /push", "/push\t", "/pu\\sh",
    "/push\xe4", "/push\x7f", "/index.php", "/", "/_", "/-", "//", "///push", "/push" + "/" * 4000,
    "/" + "a" * 9000, "/p%zzush",
)  # fmt: skip
QUERIES = (
    "?", "??", "?content=q", "?content=%E4%BD%A0", "?content=\xe4\xbd\xa0", "?content=\xe4",
    "?s=/push", "?content=a#b", "?#", "?content=a?b", "?content=a&content=b",
    "?channel=a&channel=b", '?c="', "?a=<b>", "?content=a b", "?content=a\tb", "?content=%",
    "?content=" + "q" * 3000, "?content=" + "q" * 9000,
    "?" + "&".join(f"a{n}" for n in range(1001)), "?content=a&id=7", "?chanel=a", "?content[]=a",
    "?;",
)  # fmt: skip
VERSIONS = (
    "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 ", "", "HTTP/0.9", "HTTP/1.10",
    "HTTP/01.1", "HTTP/1,1", "HTTP/1.1\x0b", "HTTP /1.1", "HTTPS/1.1", "HTTP/1.\xb1", "ICY/1.1",
    "HTTP/3", "HTTP/1",
)  # fmt: skip
HOSTS = (
    "127.0.0.1:80", "[::1]:8", "", "a b", "a/b", "a@b", "a,b", "\xe4", "a:b", "a:999999", "[::1",
    "a%41", "a_b", "-",
)  # fmt: skip
TYPES = (
    "Application/JSON", "application/json; charset=utf-8", "application/json;charset=gbk", "",
    "text/plain", FORM + ";", FORM + "; charset=latin1", FORM + "; charset=gbk",
    "application/json, text/plain", JSON + "\t", "application/vnd.a+json", "application/x+json",
    'application/json; charset="UTF-8"', "json", FORM.upper(), 'multipart/form-data; boundary="b"',
    "multipart/form-data", "multipart/form-data; boundary=", ";", "\xe4", FORM, JSON, MULTIPART,
    "application/json; charset=utf-16", FORM + "; charset=UTF8; charset=gbk", JSON + " ; a",
)  # fmt: skip
AUTHORIZATIONS = (
    f"bearer {TOKEN}", f"BEARER  {TOKEN}", f"Bearer\t{TOKEN}", f"Bearer {TOKEN} ",
    f"Bearer {TOKEN}x", "Bearer", "Bearer wrong", "Basic eDp5", "", TOKEN,
    f"Bearer {TOKEN}, Bearer x", "Bearer \xe4", f"Bearer: {TOKEN}",
)  # fmt: skip
LENGTHS = (
    "+{}", "0{}", "{0}, {0}", "-{}", "{}.0", "0x{}", "{} {}", "", " {}", "{}\t", "1{}", "1_0",
    "\xb2", "{},", '"{}"', "9999999999", "99999999999999999999", "0", "-0", "{}\x0b", "{};a",
    "{}\x00", "2000000000", "70000", "NaN",
)  # fmt: skip
CODINGS = (
    "chunked", "Chunked", "CHUNKED", " chunked", "chunked ", "\tchunked", "chunked\t", "xchunked",
    "x-chunked", "chunked, chunked", "identity", "gzip, chunked", "chunked, identity", "gzip", "",
    "chunked,", ",chunked", '"chunked"', "\x0bchunked", "chunked\x00", "chunke", "chunked;a=b",
    "identity, chunked", "deflate", "\xa0chunked", "ch\xfcnked",
)  # fmt: skip
CONNECTIONS = (
    "close", "Close", "Keep-Alive", "keep-alive, close", "upgrade", "close, te", "", "x",
    "te, close", "close ",
)  # fmt: skip
OTHERS = (
    "Accept: */*", "User-Agent: x/1", "Cookie: a=b", "X: y", "X:y", "X:  y", "X: y ", "X:\ty",
    "X:", "X: ", "Expect: 100-continue", "Expect: 100-Continue", "Expect: x", "Expect: ",
    "Expect: 100-continue, x", "Upgrade: websocket", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk",
    "TE: trailers", "Trailer: x", "Keep-Alive: 5", "Content-Encoding: gzip",
    "Content-Encoding: identity", "Content-Encoding: Identity ", "Content-Encoding: ",
    "Idempotency-Key: 7", "Idempotency-Key: 8", "Idempotency-Key: \xe4", "Idempotency_Key: 7",
    "Idempotency-Key:", "Idempotency-Key: " + "i" * 256, "Content-Type: text/plain",
    "Content_Type: text/plain", "Content_Length: 3", "X-Forwarded-For: 1.2.3.4",
    "X-Forwarded-For: x",  "X-Forwarded-For: 1.2.3.4, 127.0.0.1", "X-Forwarded-For: ",
    "X-Request-Id: r-1", "X-Request-Id: r 2",
    "Forwarded: for=1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: b", "Script-Name: /a",
    "Path-Info: /x", "SCRIPT_NAME: /push", "Remote-Addr: 1.2.3.4", "X-HTTP-Method-Override: GET",
    "Range: bytes=0-1", "If-None-Match: *", "Origin: http://b", "Host: b",
    "Proxy-Connection: close", "Authorization: Bearer x", "Proxy: http://b", "Sec-X: 1", "X : y",
    ": x", "X", " X: y", "X: \x00", "X: a\rb", "X: a\nb", "X: \x7f", "X: \xe4", "X\xe4: y",
    "X(: y", "X\x00: y", "X: " + "y" * 3000, "X: " + "y" * 9000, "X" * 300 + ": y",
    "Access-Control-Request-Method: POST", "Pragma: x",
)  # fmt: skip
# Fifty of one kind, as of a client that sends cookies: not plain for its length, or still plain.
MANY = tuple(f"X-{n}: {n}" for n in range(110))
SPACES = (
    "{}:{}", "{} : {}", "{}:\t{}", "{}:  {}", "{}: {} ", "{}: {} ", "{}: {}\t", " {}: {}",
    "{}:\r\n {}", "{}: \r\n\t{}", "{}\t: {}", "{}: {}\r\n ", "{}:\x0b{}", "{}: {}\x00",
    "{}: {}\r", "{}:\n{}", "{}; {}", "{}: {}\x7f", "{}: {}\x85",
)  # fmt: skip
