package cli

import "fmt"

// drill is a run in which the diagnosis is to find one thing, or nothing.
type drill struct {
	name   string
	defect string   // of the bundled server, with arguments; empty for none
	want   string   // the finding's id; empty for none
	flags  []string // of run
}

// drills are the defects, each with a load under which it shows, and a load that asks too little of a sound server to
// tell.
func drills() []drill {
	return []drill{
		{"pool-exhaustion", "pool-exhaustion", "pool-exhaustion", flags("--max-concurrent=50", "--duration=20")},
		{
			"locked-database", "locked-database=hold:1.8s", "slow-database",
			flags("--max-concurrent=20", "--duration=25"),
		},
		{"memory-leak", "memory-leak", "memory-leak", flags("--rate=100", "--duration=40")},
		{
			"buffered-uploads", "buffered-uploads", "buffered-uploads",
			flags("--max-concurrent=25", "--audio-size=4MB", "--duration=15"),
		},
		{
			"temporary-files", "temporary-files", "temporary-files",
			flags("--rate=200", "--audio-size=64KB", "--duration=15"),
		},
		{"blocking-work", "blocking-work", "blocking-work", flags("--max-concurrent=20", "--duration=20")},
		{"lossy-queue", "lossy-queue", "lossy-queue", flags("--rate=300", "--duration=15")},
		{"small-queue", "small-queue", "queue-full", flags("--rate=100", "--duration=15")},
		{"rate-limit", "rate-limit", "rate-limiting", flags("--rate=50", "--duration=15")},
		{"retry-storm", "overload", "retry-storm", flags("--rate=60", "--client-retries=3s,3s", "--duration=40")},
		{
			"new-talkgroup-cost", "new-talkgroup-cost=40ms", "new-talkgroup-cost",
			flags("--rate=20", "--talkgroups=1001-3000", "--duration=40"),
		},
		{"dropped-duplicates", "dropped-duplicates", "duplicate-dropping", flags("--rate=50", "--duration=20")},
		{"missing-index", "missing-index=row:20KB", "latency-growth", flags("--max-concurrent=20", "--duration=40")},
		{"stalls", "stalls", "periodic-stalls", flags("--rate=50", "--duration=40")},
		{"connection-limit", "connection-limit", "connection-limit", flags("--max-concurrent=50", "--duration=15")},
		{"slow-clients", "slow-clients", "slow-clients", flags("--rate=20", "--mischief=slow=20", "--duration=50")},
		{"processor", "processor", "processor-bound", flags("--max-concurrent=150", "--duration=20")},
		{"disk", "disk=bytes:80MB", "disk-bound", flags("--max-concurrent=40", "--duration=20")},
		{"bandwidth", "bandwidth", "network-bound", flags("--max-concurrent=20", "--audio-size=1MB", "--duration=25")},
		{"few-slots", "", "few-slots", flags("--rate=3000", "--max-concurrent=1", "--duration=10")},
		{"unreliable", "unreliable", "server-errors", flags("--rate=50", "--duration=15")},
	}
}

// healthyDrills are n runs against the healthy server, at loads that differ in rate, model and size.
func healthyDrills(n int) (list []drill) {
	loads := [][]string{
		flags("--max-concurrent=1"), flags("--rate=1"), flags("--max-concurrent=10"),
		flags("--rate=10", "--arrival=poisson"), flags("--max-concurrent=50"), flags("--rate=50"),
		flags("--max-concurrent=100"), flags("--rate=100", "--arrival=poisson"), flags("--max-concurrent=200"),
		flags("--rate=500"), flags("--max-concurrent=20", "--audio-size=128KB"), flags("--rate=1000"),
		flags("--max-concurrent=20", "--audio-size=4MB"), flags("--rate=200", "--audio-size=1KB-64KB"),
		flags("--max-concurrent=50", "--think-time=100ms"), flags("--rate=100", "--ramp-up=5"),
		flags("--max-concurrent=50", "--keepalive=false"), flags("--rate=200", "--arrival=poisson", "--warmup=5"),
		flags("--max-concurrent=30", "--systems=11-20", "--talkgroups=1-50"),
		flags("--rate=20", "--mischief=truncated=2,wrong-key=2,slow=2"),
	}
	for i := range n {
		list = append(list,
			drill{name: fmt.Sprintf("healthy %d", i+1), flags: append(loads[i%len(loads)], "--duration=20")})
	}
	return list
}

func flags(f ...string) []string { return f }
