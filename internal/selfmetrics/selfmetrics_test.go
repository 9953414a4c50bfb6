package selfmetrics_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"rdiostress/internal/selfmetrics"
)

// What is called the process's is the process's: how much all of the machine sent and received is not.
func TestProcess(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(selfmetrics.Process())
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, f := range families {
		names[f.GetName()] = true
		if strings.Contains(f.GetName(), "network") {
			t.Errorf("%s counts the machine's", f.GetName())
		}
	}
	for _, want := range []string{"process_cpu_seconds_total", "process_resident_memory_bytes"} {
		if !names[want] {
			t.Errorf("no %s in %v", want, names)
		}
	}
}
