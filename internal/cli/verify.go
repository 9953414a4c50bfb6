package cli

import (
	"slices"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/trial/verification"
)

// verifyOptions say whether and how to look if acknowledged calls were stored.
type verifyOptions struct {
	where        string
	place        verification.Place // that where names
	timeout, max durationValue
	audio        bool
	required     bool
	transcripts  string
	transMax     durationValue
	serverLog    string // file with the server's log, which may say why calls are not stored; empty if not known
}

func (v *verifyOptions) addFlags(f *pflag.FlagSet) {
	v.timeout, v.max = durationValue(time.Minute), durationValue(10*time.Minute)
	f.StringVar(&v.where, "verify", string(verification.Auto),
		"where to check that acknowledged calls were stored: auto, api, api=URL, sqlite:FILE, "+
			"postgres://…, mysql://…, sink=ADDRESS, or none")
	f.Var(&v.timeout, "verify-timeout",
		"count a call as missing once the server has been idle for this time after the run")
	f.Var(&v.max, "verify-max", "longest wait for calls to be stored")
	f.BoolVar(&v.audio, "verify-audio", true,
		"compare the stored audio too, or check that it plays if the server converts it")
	f.BoolVar(&v.required, "require-storage", false,
		"exit with 3 if storage cannot be verified")
	v.transMax = durationValue(2 * time.Minute)
	f.StringVar(&v.transcripts, "transcripts", string(verification.TranscriptsAuto),
		"measure when calls are transcribed: auto, where the server has transcripts; off; or require, "+
			"to exit with 3 if it has none")
	f.Var(&v.transMax, "transcripts-timeout", "longest wait for transcripts after the run")
}

// complete checks the flags.
func (v *verifyOptions) complete() error {
	var errs problems
	if v.timeout <= 0 || v.max <= 0 {
		errs = append(errs, problemf("{verify-timeout} and {verify-max} must be more than 0"))
	}
	if v.transMax <= 0 {
		errs = append(errs, problemf("{transcripts-timeout} must be more than 0"))
	}
	if !slices.Contains(transcriptsValues(), v.transcripts) {
		errs = append(errs, problemf("{transcripts} must be auto, off or require, not %q", v.transcripts))
	}
	if v.transcripts == string(verification.TranscriptsRequire) && v.where == string(verification.None) {
		errs = append(errs, problemf("{transcripts} require needs to see where calls are stored: {verify} must not "+
			"be none"))
	}
	var err error
	if v.place, err = verification.ParsePlace(v.where); err != nil {
		errs = append(errs, problemf("{verify} %w", err))
	}
	errs.check(v.required && v.place.Kind == verification.None,
		"{require-storage} needs a {verify} that is not none")
	if v.place.Kind == verification.SQLite {
		errs = append(errs, refuse("verify", v.place.Address))
	}
	return errs.join()
}

// plan is where it is looked for stored calls, as the flags say.
func (v *verifyOptions) plan() verification.Plan {
	p := verification.Plan{
		Place: v.place, Timeout: time.Duration(v.timeout), Max: time.Duration(v.max), Required: v.required,
		ServerLog: v.serverLog, Transcripts: verification.Transcripts(v.transcripts),
		TranscriptsMax: time.Duration(v.transMax),
	}
	if !v.audio {
		p.NotCompared = "--verify-audio=false"
	}
	return p
}

func transcriptsValues() []string {
	return []string{
		string(verification.TranscriptsAuto), string(verification.TranscriptsOff),
		string(verification.TranscriptsRequire),
	}
}
