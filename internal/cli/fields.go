package cli

import (
	"errors"

	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// flagNames are what the command line calls the fields that messages of the other packages name.
func flagNames() map[scenario.Field]string {
	return map[scenario.Field]string{
		"api_key":          "--api-key",
		"api_key_file":     "--api-key-file",
		"api_key_variable": "RDIOSTRESS_API_KEY",
		"arrival":          "--arrival",
		"audio_dir":        "--audio-dir",
		"audio_size":       "--audio-size",
		"busy_hour":        "--busy-hour",
		"ca_cert":          "--ca-cert",
		"client_cert":      "--client-cert",
		"client_key":       "--client-key",
		"clients":          "--client",
		"connections":      "--connections",
		"day_curve":        "--day-curve",
		"duplicate_ratio":  "--duplicate-ratio",
		"duplicate_window": "--duplicate-window",
		"duration":         "--duration",
		"guide":            "--profile guide",
		"insecure":         "--insecure",
		"keep_alive":       "--keepalive",
		"max_concurrent":   "--max-concurrent",
		"preset":           "--preset",
		"prime":            "--prime",
		"prime_max":        "--prime-max",
		"ramp_up":          "--ramp-up",
		"rate":             "--rate",
		"real_clients":     "--real-clients",
		"replay":           "--replay",
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
		"units":            "--units",
		"url":              "--url",
		"verify":           "--verify",
		"warm_up":          "--warmup",
		"with_server":      "--with-server",
		"zipf":             "--zipf",
	}
}

// flagName is what the command line calls a field.
func flagName(f scenario.Field) string { return flagNames()[f] }

// flagProblemOf returns an error that says in terms of flags what another says in terms of fields.
func flagProblemOf(err error, m scenario.Message) error {
	p := &flagProblem{}
	names := flagNames()
	text := m.Name(func(f scenario.Field) string {
		p.flags = append(p.flags, flagIn(names[f]))
		return names[f]
	})
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
	case *scenario.FieldError:
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
