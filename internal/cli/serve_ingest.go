package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/server"
	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/transcribe"
	"rdiostress/internal/server/transcribe/engine"
)

// ingestOptions are the flags of serve about what it takes in.
type ingestOptions struct {
	maxUpload sizeValue
	workers   int
	queue     int
	conns     int // 0 is as many as there is room for
	memory    sizeValue
	minRate   sizeValue
}

func (o *ingestOptions) addFlags(f *pflag.FlagSet) {
	o.maxUpload, o.memory = server.DefaultMaxUploadBytes, admission.DefaultUploadMemory
	o.minRate = admission.DefaultMinRate
	f.Var(&o.maxUpload, "max-upload-size", "largest upload to accept, such as 500kB or 100MiB")
	f.IntVar(&o.workers, "workers", admission.DefaultWorkers, "uploads to parse and check at once")
	f.IntVar(&o.queue, "queue", admission.DefaultQueue,
		"uploads that may wait for a worker, and calls that may wait to be stored; more are answered with 503")
	f.IntVar(&o.conns, "max-connections", 0, "connections to keep open at once; more are answered with 503")
	f.Var(&o.memory, "upload-memory", "memory for all uploads together; more are answered with 503")
	f.Var(&o.minRate, "min-rate", "bytes per second that an upload must reach; slower ones are answered with 408")
}

// problems returns what is wrong with the flags, for a store that has a number of files open.
func (o *ingestOptions) problems(storeFiles int) error {
	var errs []error
	if o.conns < 0 {
		errs = append(errs, errors.New("--max-connections must not be under 0"))
	} else if err := admission.CheckConnections(o.conns, storeFiles); errors.Is(err, admission.ErrFileLimit) {
		errs = append(errs, err)
	} else if err != nil {
		errs = append(errs, fmt.Errorf("--max-connections: %w", err))
	}
	if o.workers < 1 || o.queue < 1 {
		errs = append(errs, errors.New("--workers and --queue must be at least 1"))
	}
	if o.memory < 4<<20 {
		errs = append(errs, errors.New("--upload-memory must be at least 4MiB"))
	}
	return errors.Join(errs...)
}

// apply puts the flags into the options of a server.
func (o *ingestOptions) apply(to *server.Options) {
	to.MaxUploadBytes, to.UploadMemory, to.MinRate = int64(o.maxUpload), int64(o.memory), int64(o.minRate)
	to.Workers, to.Queue, to.MaxConnections = o.workers, o.queue, o.conns
}

// transcribeOptions are the flags of serve about the transcription of calls.
type transcribeOptions struct {
	engine   string
	workers  int
	timeout  time.Duration
	attempts int
}

func (o *transcribeOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.engine, "transcribe", "off",
		"transcribe stored calls in the background: exec:COMMAND, http:URL of an OpenAI-compatible endpoint, "+
			"simulate:FACTOR of a call's length, or off")
	f.IntVar(&o.workers, "transcribe-workers", transcribe.DefaultWorkers, "calls to transcribe at once")
	f.DurationVar(&o.timeout, "transcribe-timeout", transcribe.DefaultTimeout, "longest attempt to transcribe a call")
	f.IntVar(&o.attempts, "transcribe-attempts", transcribe.DefaultAttempts,
		"attempts until a call is given up")
}

// isOn reports whether calls are transcribed.
func (o *transcribeOptions) isOn() bool {
	spec, err := engine.Parse(o.engine)
	return err == nil && spec.Enabled()
}

// problems returns what is wrong with the flags, of which some were given.
func (o *transcribeOptions) problems(given func(flag string) bool) error {
	spec, err := engine.Parse(o.engine)
	if err != nil {
		return fmt.Errorf("--transcribe: %w", nameFlags(err))
	}
	if !spec.Enabled() {
		names := []string{"transcribe-workers", "transcribe-timeout", "transcribe-attempts"}
		names = slices.DeleteFunc(names, func(name string) bool { return !given(name) })
		if len(names) > 0 {
			return fmt.Errorf("--%s: only with --transcribe", strings.Join(names, ", --"))
		}
		return nil
	}
	var errs []error
	if o.workers < 1 || o.workers > 1000 {
		errs = append(errs, errors.New("--transcribe-workers must be from 1 to 1000"))
	}
	if o.timeout < time.Millisecond {
		errs = append(errs, errors.New("--transcribe-timeout must be at least 1ms"))
	}
	if o.attempts < 1 || o.attempts > 1000 {
		errs = append(errs, errors.New("--transcribe-attempts must be from 1 to 1000"))
	}
	if _, err := spec.New(engine.Options{}); err != nil { // without a folder it changes nothing
		errs = append(errs, fmt.Errorf("--transcribe: %w", nameFlags(err)))
	}
	return errors.Join(errs...)
}

// apply puts the flags into the options of a server. The data folder must be locked. The caller calls stop when the
// server has ended.
func (o *transcribeOptions) apply(to *server.Options, jobs call.Jobs, dataDir string) (stop func() error, err error) {
	stop = func() error { return nil }
	spec, err := engine.Parse(o.engine)
	if err != nil || !spec.Enabled() {
		return stop, err
	}
	e, err := spec.New(engine.Options{Dir: datadir.SpoolDir(dataDir)})
	if err != nil {
		return stop, fmt.Errorf("--transcribe: %w", nameFlags(err))
	}
	if c, ok := e.(io.Closer); ok {
		stop = c.Close
	}
	to.Transcribe = &transcribe.Options{
		Jobs: jobs, Engine: e, Workers: o.workers, Timeout: o.timeout, Attempts: o.attempts,
	}
	return stop, nil
}
