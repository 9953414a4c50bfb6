//go:build !linux

package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// residentMemory is how much memory the process has.
func residentMemory() Value {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, _ := reg.Gather() // an error leaves out what cannot be gathered
	for _, f := range families {
		if f.GetName() == "process_resident_memory_bytes" && len(f.GetMetric()) > 0 {
			return Value{Number: f.GetMetric()[0].GetGauge().GetValue()}
		}
	}
	return Value{Absent: "this system does not say"}
}
