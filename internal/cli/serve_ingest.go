package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"rdiostress/internal/server"
	"rdiostress/internal/server/admission"
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
