package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/pflag"

	"rdiostress/internal/nearest"
	"rdiostress/internal/server/defect"
)

// defectOptions are the defects that a server is to have.
type defectOptions struct {
	names []string
	set   defect.Set
}

func (o *defectOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.names, "defect", nil,
		"break the server in this way, to test the diagnosis; loopback only, repeatable: "+
			strings.Join(defect.Names(), ", "))
}

// complete makes the defects of a server that listens on an address and keeps its calls in dir.
func (o *defectOptions) complete(s *serveOptions) error {
	for _, name := range o.names {
		d, err := defect.Parse(name, s.dataDir)
		var unknown *defect.UnknownError
		switch {
		case errors.As(err, &unknown) && nearest.Name(unknown.Name, defect.Names()) != "":
			return fmt.Errorf("--defect: %w; did you mean %s?", err, nearest.Name(unknown.Name, defect.Names()))
		case errors.As(err, &unknown):
			return fmt.Errorf("--defect: %w; the defects are %s", err, strings.Join(defect.Names(), ", "))
		case err != nil:
			return fmt.Errorf("--defect: %w", err)
		}
		if d.Transcribes && !s.transcribe.isOn() {
			return fmt.Errorf("--defect %s: only with --transcribe, such as --transcribe simulate:0.1", name)
		}
		o.set = append(o.set, d)
	}
	if len(o.set) > 0 && s.address != nil {
		return nameFlags(defect.CheckAddress(s.address))
	}
	return nil
}

// shout makes sure that nobody takes the server for a healthy one.
func (o *defectOptions) shout(log *slog.Logger) {
	for _, d := range o.set {
		log.Warn("THIS SERVER IS BROKEN ON PURPOSE: never give it calls that matter", "defect", d.Name, "does", d.Does)
	}
}
