package cli

import (
	"errors"

	"rdiostress/internal/field"
	"rdiostress/internal/upload"
)

// flagNames are what the command line calls the fields that messages of the other packages name.
func flagNames() map[field.Name]string {
	return map[field.Name]string{
		"api_key":          "--api-key",
		"api_key_file":     "--api-key-file",
		"api_key_variable": "RDIOSTRESS_API_KEY",
		"arrival":          "--arrival",
		"audio_dir":        "--audio-dir",
		"audio_size":       "--audio-size",
		"balance":          "--balance",
		"blob_url":         "--blob-url",
		"busy_hour":        "--busy-hour",
		"ca_cert":          "--ca-cert",
		"client_cert":      "--client-cert",
		"client_key":       "--client-key",
		"clients":          "--client",
		"connections":      "--connections",
		"data_dir":         "--data-dir",
		"day_curve":        "--day-curve",
		"defect":           "--defect",
		"duplicate_ratio":  "--duplicate-ratio",
		"duplicate_window": "--duplicate-window",
		"duration":         "--duration",
		"guide":            "--profile guide",
		"insecure":         "--insecure",
		"keep_alive":       "--keepalive",
		"max_concurrent":   "--max-concurrent",
		"max_rate":         "--max-rate",
		"preset":           "--preset",
		"prime":            "--prime",
		"prime_max":        "--prime-max",
		"ramp_up":          "--ramp-up",
		"rate":             "--rate",
		"real_clients":     "--real-clients",
		"replay":           "--replay",
		"require_storage":  "--require-storage",
		"resolve":          "--resolve",
		"retries":          "--client-retries",
		"server_name":      "--server-name",
		"sites":            "--sites",
		"speed":            "--speed",
		"stages":           "--stages",
		"systems":          "--systems",
		"talkgroups":       "--talkgroups",
		"think_time":       "--think-time",
		"time_scale":       "--time-scale",
		"timeout":          "--timeout",
		"transcripts":      "--transcripts",
		"transcripts_max":  "--transcripts-timeout",
		"units":            "--units",
		"url":              "--url",
		"verify":           "--verify",
		"verify_max":       "--verify-max",
		"warm_up":          "--warmup",
		"watch":            "--watch",
		"watch_db":         "--watch-db",
		"watch_dir":        "--watch-dir",
		"with_server":      "--with-server",
		"zipf":             "--zipf",
	}
}

// flagName is what the command line calls a field.
func flagName(f field.Name) string { return flagNames()[f] }

// flagText writes a message with the names of flags.
func flagText(m field.Message) string { return field.Namer(flagName).Text(m) }

// flagProblemOf returns an error that says in terms of flags what another says in terms of fields.
func flagProblemOf(err error, m field.Message) error {
	p := &flagProblem{}
	names := flagNames()
	text := field.Namer(func(f field.Name) string {
		p.flags = append(p.flags, flagIn(names[f]))
		return names[f]
	}).Text(m)
	p.err = &namedError{err, text}
	return p
}

// namedError is an error that says in terms of flags what it says in terms of fields.
type namedError struct {
	error
	text string
}

func (e *namedError) Error() string { return e.text }

func (e *namedError) Unwrap() error { return e.error }

// nameFlags has an error about fields, or each of several, speak of flags.
func nameFlags(err error) error {
	switch e := err.(type) {
	case *field.Error:
		return flagProblemOf(err, e.Problem)
	case *upload.TargetError:
		return flagProblemOf(err, e.Problem)
	case interface{ Unwrap() []error }:
		var named []error
		for _, one := range e.Unwrap() {
			named = append(named, nameFlags(one))
		}
		return errors.Join(named...)
	default:
		return err
	}
}
