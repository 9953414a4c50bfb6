#!/usr/bin/env bash
# process-network-bytes.sh: process_network_receive_bytes_total of Prometheus' Go client counts what other processes receive.
#
# One would guess: process_network_receive_bytes_total and process_network_transmit_bytes_total are what their help says, bytes that the
# process received and sent, as process_cpu_seconds_total is its processor time. A load test would compare them with what it uploaded.
#
# What happens: a process that never opens a socket has them all the same, and they rise by what its neighbours send each other over
# loopback. On Linux they come from IpExt in /proc/PID/net/netstat, which counts for a network namespace, whatever the PID in the path.
# On a machine with a server, its database and a load generator, each of the three has the bytes of all. Only alone in a container do
# they mean what they say.
#
# Source: client_golang v1.25.0, prometheus/process_collector_procfsenabled.go (inBytes, outBytes from procfs' Proc.Netstat).
#
# Needs Linux and Go. Exit code 1: it is not so any more; 2: the library could not be had.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cat > main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

const size = 20_000_000

// The neighbour is another process, which sends itself size bytes over loopback.
func neighbour() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
			c.Write(make([]byte, size))
			c.Close()
		}
	}()
	c, err := l.Accept()
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c)
	return err
}

func received(r *prometheus.Registry) float64 {
	families, err := r.Gather()
	if err != nil {
		panic(err)
	}
	for _, f := range families {
		if f.GetName() == "process_network_receive_bytes_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return -1
}

func main() {
	if len(os.Args) > 1 {
		if err := neighbour(); err != nil {
			panic(err)
		}
		return
	}
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	before := received(r)
	if err := exec.Command(os.Args[0], "neighbour").Run(); err != nil {
		panic(err)
	}
	after := received(r)
	fmt.Printf("this process opened no socket; another one sent itself %d bytes\n", size)
	fmt.Printf("process_network_receive_bytes_total of this process: %.0f before, %.0f after, %.0f more\n", before, after, after-before)
	if before < 0 || after-before < size {
		fmt.Println("it is not so any more")
		os.Exit(1)
	}
}
GO
{ go mod init try && go get github.com/prometheus/client_golang@v1.25.0 && go mod tidy && go build -o try .; } > log 2>&1 || { cat log; exit 2; } >&2
./try
