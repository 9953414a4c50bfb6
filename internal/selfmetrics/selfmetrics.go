// Package selfmetrics collects metrics of the program's own process for Prometheus.
package selfmetrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// machines is in the description of metrics that are called the process's, but count what all processes of the machine
// have sent and received.
const machines = `"process_network_`

// Process returns a collector of processor time, memory, files and the start of the process.
func Process() prometheus.Collector {
	return process{collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})}
}

type process struct{ all prometheus.Collector }

// Describe implements prometheus.Collector.
func (p process) Describe(to chan<- *prometheus.Desc) {
	forward(p.all.Describe, to, func(d *prometheus.Desc) *prometheus.Desc { return d })
}

// Collect implements prometheus.Collector.
func (p process) Collect(to chan<- prometheus.Metric) {
	forward(p.all.Collect, to, prometheus.Metric.Desc)
}

// forward passes on what a function sends, but not what is the machine's.
func forward[T any](send func(chan<- T), to chan<- T, descOf func(T) *prometheus.Desc) {
	all := make(chan T)
	go func() {
		defer close(all)
		send(all)
	}()
	for one := range all {
		if !strings.Contains(descOf(one).String(), machines) {
			to <- one
		}
	}
}
