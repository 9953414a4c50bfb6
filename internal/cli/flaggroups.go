package cli

import (
	"slices"

	"rdiostress/internal/flaghelp"
	"rdiostress/internal/mischief"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/server/defect"
)

// The groups of flags in help, with what each flag takes. A usage text stands where its flag is registered; a flag that
// is not in a group fails a test.

// runGroups are the flags of run.
func runGroups() []flaghelp.Group {
	return []flaghelp.Group{
		targetGroup(), loadGroup(), callsGroup(), monitoringGroup(),
		{Title: "Thresholds", Flags: thresholdFlags()},
		{Title: "Report", Flags: slices.Concat(formGroup(""), publishGroup(), []flaghelp.Flag{
			{Name: "quiet"},
			{Name: "full"},
			{Name: "no-color"},
			{Name: "ascii"},
		})},
		{Title: "Other", Flags: []flaghelp.Flag{
			{Name: scenarioFlag, Value: "file", Extensions: yamlExtensions()},
			{Name: "yes"},
		}},
	}
}

func yamlExtensions() []string { return []string{"yaml", "yml"} }

func pemExtensions() []string { return []string{"pem", "crt", "cer", "key"} }

func targetGroup() flaghelp.Group {
	return flaghelp.Group{Title: "Target", Flags: []flaghelp.Flag{
		{Name: "url", Value: "url", Values: list("http://localhost:", "https://")},
		{Name: "balance", Value: "round-robin|sticky"},
		{Name: "api-key", Value: "key"},
		{Name: "api-key-file", Value: "file"},
		{Name: "with-server"},
		{Name: "server-flag", Value: "flag", Values: serverFlagValues},
		{Name: "timeout", Value: "duration"},
		{Name: "connections", Value: "number", Default: "--max-concurrent"},
		{Name: "keepalive", Value: "[=true|false]", Default: "as the client does"},
		{Name: "http2"},
		{Name: "insecure"},
		{Name: "ca-cert", Value: "file", Extensions: pemExtensions()},
		{Name: "client-cert", Value: "file", Extensions: pemExtensions()},
		{Name: "client-key", Value: "file", Extensions: pemExtensions(), Default: "the file of --client-cert"},
		{Name: "server-name", Value: "name", Default: "the host in --url"},
		{Name: "resolve", Value: "host:port:address"},
	}}
}

// thresholdFlags are the flags for what a run is judged by.
func thresholdFlags() []flaghelp.Flag {
	return []flaghelp.Flag{{Name: "threshold", Value: "rule"}, {Name: "no-default-thresholds"}}
}

func loadGroup() flaghelp.Group {
	return flaghelp.Group{Title: "Load", Flags: []flaghelp.Flag{
		{Name: "max-concurrent", Value: "number"},
		{Name: "duration", Value: "duration"},
		{Name: "rate", Value: "rate"},
		{Name: "arrival", Value: "constant|poisson"},
		{Name: "ramp-up", Value: "duration"},
		{Name: "warmup", Value: "duration"},
		{Name: "stages", Value: "duration:load,…"},
		{Name: "profile", Value: "guide", Values: list("guide")},
		{Name: "total", Value: "number"},
		{Name: "think-time", Value: "duration"},
		{Name: "abort-on", Value: "rule", Values: abortFigures},
		{Name: "busy-hour", Value: "number"},
		{Name: "day-curve", Value: "hh:mm"},
		{Name: "time-scale", Value: "factor"},
		{Name: "generator", Value: "k/n"},
		{Name: "seed", Value: "number"},
	}}
}

func callsGroup() flaghelp.Group {
	return flaghelp.Group{Title: "Calls", Flags: []flaghelp.Flag{
		{Name: "client", Value: "name[=share],…", Values: rdio.ClientNames},
		{Name: "client-retries", Value: "[=duration,…]"},
		{Name: "real-clients"},
		{Name: "audio-size", Value: "size", Default: "as long as real radio calls"},
		{Name: "audio-dir", Value: "folder"},
		{Name: "preset", Value: "county|metro|statewide", Values: presetNames},
		{Name: "systems", Value: "numbers"},
		{Name: "talkgroups", Value: "numbers"},
		{Name: "zipf", Value: "exponent"},
		{Name: "units", Value: "number"},
		{Name: "sites", Value: "number"},
		{Name: "prime", Value: "on|off|auto"},
		{Name: "prime-max", Value: "duration"},
		{Name: "duplicate-ratio", Value: "share"},
		{Name: "duplicate-window", Value: "auto|duration"},
		{Name: "replay", Value: "folder|url"},
		{Name: "replay-mask", Value: "mask"},
		{Name: "replay-period", Value: "period"},
		{Name: "speed", Value: "factor"},
		{Name: "loop"},
		{Name: "mischief", Value: "kind=percent,…", Values: mischiefValues},
	}}
}

// monitoringTitle is the heading of the flags about what is looked at besides the answers to uploads.
const monitoringTitle = "Monitoring and verification"

func monitoringGroup() flaghelp.Group {
	return flaghelp.Group{Title: monitoringTitle, Flags: []flaghelp.Flag{
		{Name: "watch", Value: "auto|none|pid:N|url:URL"},
		{Name: "watch-dir", Value: "folder"},
		{Name: "watch-db", Value: "url", Values: list("postgres://")},
		{Name: "kpi", Value: "name=metric"},
		{Name: "verify", Value: "place", Values: verifyValues},
		{Name: "verify-timeout", Value: "duration"},
		{Name: "verify-max", Value: "duration"},
		{Name: "verify-audio", Value: "[=true|false]"},
		{Name: "require-storage"},
		{Name: "transcripts", Value: "mode", Values: transcriptsValues},
		{Name: "transcripts-timeout", Value: "duration"},
		{Name: "crash-test", Value: "server|UNIT|PID"},
		{Name: "crash-at", Value: "duration", Default: "half of the run"},
		{Name: "restart-command", Value: "command"},
	}}
}

// capacityGroups are the flags of capacity: its own, and those of run.
func capacityGroups() []flaghelp.Group {
	search := flaghelp.Group{Title: "Search", Flags: []flaghelp.Flag{
		{
			Name: "slo", Value: "rule", Values: objectiveFigures,
			Default: "success_rate>0.95, mean_response_time_s<1, p95_response_time_s<3",
		},
		{Name: "start", Value: "rate", Default: "10/s"},
		{Name: "max-rate", Value: "rate", Default: "as many as there are unique calls"},
		{Name: "max-time", Value: "duration"},
		{Name: "hold", Value: "duration"},
		{Name: "precision", Value: "share"},
		{Name: "max-concurrent", Value: "number"},
	}}
	return append([]flaghelp.Group{search}, runGroups()...)
}

// serveGroups are the flags of serve.
func serveGroups() []flaghelp.Group {
	return []flaghelp.Group{
		{Title: "Connections", Flags: []flaghelp.Flag{
			{Name: "listen", Value: "address"},
			{Name: "max-connections", Value: "number", Default: "16384, or fewer if the limit of open files is low"},
			{Name: "tls-cert", Value: "file", Extensions: pemExtensions()},
			{Name: "tls-key", Value: "file", Extensions: pemExtensions()},
			{Name: "trusted-proxies", Value: "network,…"},
		}},
		{Title: "Keys and limits", Flags: []flaghelp.Flag{
			{Name: "api-key", Value: "key"},
			{Name: "api-key-file", Value: "file"},
			{Name: "api-keys", Value: "file", Extensions: yamlExtensions()},
			{Name: "database-keys"},
			{Name: "read-key", Value: "key"},
			{Name: "read-key-file", Value: "file"},
			{Name: "rate-limit", Value: "rate"},
			{Name: "rate-limit-address", Value: "rate"},
			{Name: "redis-url", Value: "url", Values: list("redis://")},
			{Name: "redis-password-file", Value: "file"},
			{Name: "limit-fail", Value: "open|closed", Values: list(limitFailOpen, limitFailClosed)},
		}},
		{Title: "Uploads", Flags: []flaghelp.Flag{
			{Name: "max-upload-size", Value: "size"},
			{Name: "workers", Value: "number"},
			{Name: "queue", Value: "number"},
			{Name: "upload-memory", Value: "size"},
			{Name: "min-rate", Value: "size"},
		}},
		{Title: "Storage", Flags: []flaghelp.Flag{
			{Name: "data-dir", Value: "folder"},
			{Name: "inline-audio", Value: "size"},
			{Name: "blob-url", Value: "url"},
			{Name: "min-free-disk", Value: "size"},
			{Name: "duplicate-window", Value: "duration"},
			{Name: "retention", Value: "duration", Default: "keep all"},
			{Name: "breaker-failures", Value: "number"},
			{Name: "breaker-delay", Value: "duration"},
		}},
		{Title: "Transcription", Flags: []flaghelp.Flag{
			{
				Name: "transcribe", Value: "engine",
				Values: list("off", "exec:", "http://", "https://", "simulate:0.1"),
			},
			{Name: "transcribe-workers", Value: "number"},
			{Name: "transcribe-timeout", Value: "duration"},
			{Name: "transcribe-attempts", Value: "number"},
		}},
		{Title: "PostgreSQL", Flags: []flaghelp.Flag{
			{Name: "database-url", Value: "url", Values: list("postgres://")},
			{Name: "pool-min", Value: "number"},
			{Name: "pool-max", Value: "number"},
			{Name: "pool-acquire-timeout", Value: "duration"},
			{Name: "pool-max-lifetime", Value: "duration"},
			{Name: "pool-max-idle", Value: "duration"},
			{Name: "pool-max-queries", Value: "number"},
			{Name: "connect-retries", Value: "number"},
		}},
		{Title: "Other", Flags: []flaghelp.Flag{
			{Name: "drain-time", Value: "duration"},
			{Name: "log-format", Value: "text|json"},
			{Name: "log-level", Value: "debug|info|warn|error"},
			{Name: "defect", Value: "name[=argument]", Values: defect.Names},
		}},
	}
}

// sinkGroups are the flags of sink.
func sinkGroups() []flaghelp.Group {
	return []flaghelp.Group{{Title: "Flags", Flags: []flaghelp.Flag{
		{Name: "listen", Value: "address"},
		{Name: "api-key", Value: "key", Default: "any"},
		{Name: "api-key-file", Value: "file"},
		{Name: "keep", Value: "number"},
		{Name: "quiet"},
	}}}
}

// sttGroups are the flags of stt.
func sttGroups() []flaghelp.Group {
	return []flaghelp.Group{{Title: "Flags", Flags: []flaghelp.Flag{
		{Name: "listen", Value: "address"},
		{Name: "api-key", Value: "key", Default: "any"},
		{Name: "api-key-file", Value: "file"},
		{Name: "delay", Value: "duration", Default: "none"},
		{Name: "factor", Value: "factor"},
		{Name: "workers", Value: "number"},
		{Name: "queue", Value: "number"},
		{Name: "fail", Value: "share"},
		{Name: "limited", Value: "share"},
		{Name: "quiet"},
	}}}
}

// cleanupGroups are the flags of cleanup.
func cleanupGroups() []flaghelp.Group {
	return []flaghelp.Group{{Title: "Flags", Flags: []flaghelp.Flag{
		{Name: "print"},
		{Name: "verify", Value: "database"},
		{Name: "run", Value: "id"},
		{Name: "report", Value: "file"},
		{Name: "all"},
	}}}
}

// replayCheckGroups are the flags of replay check.
func replayCheckGroups() []flaghelp.Group {
	return []flaghelp.Group{{Title: "Flags", Flags: []flaghelp.Flag{
		{Name: "replay-mask", Value: "mask"},
		{Name: "replay-period", Value: "period"},
		{Name: "json", Value: "file"},
	}}}
}

// drillGroups are the flags of drill.
func drillGroups() []flaghelp.Group {
	return []flaghelp.Group{{Title: "Flags", Flags: []flaghelp.Flag{
		{Name: "healthy", Value: "number"},
		{Name: "list"},
		{Name: "markdown"},
	}}}
}

// list returns values for completion.
func list(values ...string) func() []string { return func() []string { return values } }

// serverFlagValues are the flags of the server that --with-server starts.
func serverFlagValues() (values []string) {
	for _, group := range serveGroups() {
		for _, flag := range group.Flags {
			if !slices.Contains([]string{"listen", "data-dir", "api-key", "api-key-file"}, flag.Name) {
				values = append(values, "--"+flag.Name+"=")
			}
		}
	}
	return values
}

func presetNames() (names []string) {
	for _, preset := range scenario.Presets() {
		names = append(names, preset.Name)
	}
	return names
}

func mischiefValues() []string {
	harmless, hazards := mischief.Names()
	values := slices.Concat([]string{"all"}, harmless, hazards)
	for i := range values {
		values[i] += "="
	}
	return values
}

func verifyValues() []string {
	return []string{"auto", "none", "api", "api=", "sqlite:", "postgres://", "mysql://", "sink="}
}

func abortFigures() []string {
	return []string{"error_rate>", "success_rate<", "mean_response_time_s>", "p95_response_time_s>"}
}

func objectiveFigures() []string {
	return []string{
		"success_rate>", "error_rate<", "mean_response_time_s<", "p50_response_time_s<", "p90_response_time_s<",
		"p95_response_time_s<", "p99_response_time_s<",
	}
}
