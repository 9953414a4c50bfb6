//go:build !linux

package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// residentMemory returns the process's resident memory.
func residentMemory() Value {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, _ := reg.Gather() // an error only omits what cannot be gathered
	for _, f := range families {
		if f.GetName() == "process_resident_memory_bytes" && len(f.GetMetric()) > 0 {
			return Value{Number: f.GetMetric()[0].GetGauge().GetValue()}
		}
	}
	return Value{Absent: "this system does not say"}
}
