#!/usr/bin/env bash
# context-after-101.sh: in Go, neither a context nor Client.Timeout ends the reading of an answer of status 101.
#
# One would guess: a request whose context has a deadline ends by then, reading its body included, whatever the server answers.
#
# What happens: a server that answers a plain GET with "101 Switching Protocols", unasked, and then says nothing, is waited for without end:
# resp.Body is the connection itself by then, and nobody watches the context any more. For any other status, the read ends in time.
#
# Source: Go 1.26, net/http/transport.go: readLoop, "if !hasBody || bodyWritable {", where bodyWritable is true of a 101 alone: it hands the connection over and
# returns (errCallerOwnsConn) before the select that waits for the context. The documentation of Client.Timeout and of Response.Body does not say so.
#
# Needs go. Exit code 1: it is not so any more; 2: go could not be had.
set -euo pipefail
command -v go >/dev/null || { echo "go is missing" >&2; exit 2; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat > "$tmp/main.go" <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// ends reports whether reading an answer of a status ends soon after a deadline of a second.
func ends(status string) bool {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		conn, _ := l.Accept()
		conn.Read(make([]byte, 4096))
		io.WriteString(conn, "HTTP/1.1 "+status+"\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		select {}
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+l.Addr().String(), nil)
		resp, err := (&http.Client{Timeout: time.Second}).Do(req)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
		}
	}()
	select {
	case <-done:
		return true
	case <-time.After(5 * time.Second):
		return false
	}
}

func main() {
	ok, switching := ends("200 OK"), ends("101 Switching Protocols")
	fmt.Printf("with a deadline of 1 s, reading ends within 5 s: of a 200 %t, of a 101 %t\n", ok, switching)
	if !ok || switching {
		os.Exit(1)
	}
}
GO
go run "$tmp/main.go"
