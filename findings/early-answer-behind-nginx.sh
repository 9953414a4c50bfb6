#!/usr/bin/env bash
# early-answer-behind-nginx.sh: nginx answers 502 to large uploads that its server had answered with 429.
#
# One would guess: a server that refuses an upload by its header (429, 401, 413), with Connection: close, and does not read the body, is
# understood by a proxy: HTTP allows it, and the answer has arrived. At least with proxy_request_buffering on, the default, as nginx then
# has the whole body before it asks the server.
#
# What happens: with either setting, 10 kB get 429 always, 1 MB get 502 in about half of the requests. Once the server has closed, nginx'
# next write of the body fails, and it takes that for the server's failure, without reading the answer. So a rate limit or a wrong key
# looks like a broken server to clients behind nginx, and only for long calls.
#
# Source: ngx_http_upstream_send_request in src/http/ngx_http_upstream.c of nginx 1.22.1: an error of
# ngx_http_upstream_send_request_body goes to ngx_http_upstream_next with NGX_HTTP_UPSTREAM_FT_ERROR.
#
# Needs Debian 12 (apt-get download) and python3. Exit code 1: it is not so any more; 2: they could not be had.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
version=1.22.1-9+deb12u11
{ apt-get download "nginx=$version" && dpkg -x nginx_*.deb nginx; } > log 2>&1 || { cat log; exit 2; } >&2
cat > try.py <<'PY'
import http.client, http.server, os, socket, socketserver, subprocess, sys, threading, time


class Refuses(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.send_response(429)
        self.send_header("Content-Length", "10")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"slow down\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def answers(port, size):
    seen = {}
    for _ in range(60):
        conn = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        conn.request("POST", "/", b"x" * size)
        status = conn.getresponse().status
        conn.close()
        seen[status] = seen.get(status, 0) + 1
    return dict(sorted(seen.items()))


server = Server(("127.0.0.1", 0), Refuses)
threading.Thread(target=server.serve_forever, daemon=True).start()
here, same = os.getcwd(), True
for buffering in ("on", "off"):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with open("nginx.conf", "w") as f:
        f.write(f"""daemon off; pid {here}/pid; error_log /dev/null; events {{}} {"user root;" if os.getuid() == 0 else ""}
http {{
  access_log off; client_max_body_size 0;
  client_body_temp_path {here}/a; proxy_temp_path {here}/b; fastcgi_temp_path {here}/c; uwsgi_temp_path {here}/d; scgi_temp_path {here}/e;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_http_version 1.1; proxy_request_buffering {buffering}; proxy_pass http://127.0.0.1:{server.server_address[1]}; }}
  }}
}}""")
    nginx = subprocess.Popen(["nginx/usr/sbin/nginx", "-e", "/dev/null", "-c", f"{here}/nginx.conf"])
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    else:
        sys.exit(2)
    small, large = answers(port, 10_000), answers(port, 1_000_000)
    print(f"proxy_request_buffering {buffering}: 10 kB {small}, 1 MB {large}")
    same = same and small == {429: 60} and large.get(502, 0) >= 5
    nginx.terminate()
    nginx.wait()
sys.exit(0 if same else 1)
PY
code=0
python3 try.py || code=$?
[ $code -ne 1 ] || echo "it is not so any more: 10 kB had 429 alone, and some of 1 MB 502"
exit $code
