#!/usr/bin/env bash
# close-over-http2.sh: net/http opens many more connections than there are requests that ask for one of their own over HTTP/2.
#
# One would guess: Request.Close, "close the connection after sending this request", costs one connection for each request, over HTTP/2
# as over HTTP/1.1. That is how one makes a client that, as curl started anew for each call, connects each time.
#
# What happens: in Go 1.26, 40 requests at once over HTTPS open 40 connections with HTTP/1.1, and from 70 to over 400 with HTTP/2, of
# which 40 carry a request. A new connection is offered to all requests that wait; the first to use it marks it as not to be used
# again, the others fail on it, and each of them dials once more.
#
# Source: net/http of Go 1.26.8. (*Transport).tryPutIdleConn in transport.go hands an HTTP/2 connection to every waiting request; addStream
# in h2_bundle.go sets cc.doNotReuse for a request with Close; roundTrip in transport.go begins anew on http2isNoCachedConnError.
#
# Needs go 1.26. Exit code 1: it is not so any more; 2: there is no go.
set -euo pipefail
command -v go > /dev/null || { echo "go is not installed" >&2; exit 2; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cat > main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"
)

// post sends 40 requests at once that ask for their connection to be closed. It counts connections opened and used.
func post(http2 bool) (opened, used int64) {
	var count atomic.Int64
	var remotes sync.Map
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remotes.Store(r.RemoteAddr, nil)
		time.Sleep(50 * time.Millisecond) // so that they overlap
		io.WriteString(w, "ok")
	}))
	s.EnableHTTP2 = http2
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes of connections that the client gives up
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			count.Add(1)
		}
	}
	s.StartTLS()
	defer s.Close()
	client := s.Client()
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			req, err := http.NewRequest(http.MethodPost, s.URL, nil)
			if err != nil {
				panic(err)
			}
			req.Close = true
			resp, err := client.Do(req)
			if err != nil {
				panic(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		})
	}
	wg.Wait()
	remotes.Range(func(any, any) bool { used++; return true })
	return count.Load(), used
}

func main() {
	for _, http2 := range []bool{false, true} {
		opened, used := post(http2)
		fmt.Println(opened, used)
	}
}
GO
cat > go.mod <<'MOD'
module finding

go 1.26
MOD
{ read -r opened1 used1; read -r opened2 used2; } < <(go run .)
echo "$(go version)"
echo "40 requests at once with Close, HTTP/1.1: $opened1 connections opened, $used1 used"
echo "40 requests at once with Close, HTTP/2:   $opened2 connections opened, $used2 used"
[ "$opened1" = 40 ] && [ "$used1" = 40 ] || { echo "HTTP/1.1 no longer opens one for each"; exit 1; }
[ "$used2" = 40 ] && [ "$opened2" -gt 44 ] || { echo "HTTP/2 no longer opens more than it uses"; exit 1; }
