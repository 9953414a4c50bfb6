package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/bundled"
	"rdiostress/internal/measure"
	"rdiostress/internal/observe"
)

// watchOptions says how the server is watched.
type watchOptions struct {
	what     []string
	folders  []string
	kpiTexts []string
	database string

	off     bool
	pid     int
	metrics string
	kpis    []observe.KPI
}

func (o *watchOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.what, "watch", []string{"auto"},
		"how to watch the server: auto finds its process and metrics, pid:N names the process, url:URL the metrics; "+
			"repeatable")
	f.StringArrayVar(&o.folders, "watch-dir", nil,
		"watch the size and free space of the server's data folder; repeatable")
	f.StringVar(&o.database, "watch-db", "", "watch the server's PostgreSQL too, such as postgres://user@host/database")
	f.StringArrayVar(&o.kpiTexts, "kpi", nil,
		"take a figure from this metric of the server, such as stored_calls=calls_total; repeatable")
}

// complete reads the flags, and finds everything that is wrong with them.
func (o *watchOptions) complete() error {
	var errs []error
	for _, what := range o.what {
		errs = append(errs, o.parse(what))
	}
	for _, text := range o.kpiTexts {
		k, err := observe.ParseKPI(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("--kpi: %w", err))
		}
		o.kpis = append(o.kpis, k)
	}
	for _, folder := range o.folders {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			errs = append(errs, fmt.Errorf("--watch-dir %s: there is no such folder", folder))
		}
	}
	if o.database != "" {
		if _, err := observe.ParseDatabase(o.database); err != nil {
			errs = append(errs, err)
		}
	}
	if o.off && (len(o.what) > 1 || len(o.kpis)+len(o.folders) > 0 || o.database != "") {
		errs = append(errs, errors.New("--watch none excludes every other way to watch"))
	}
	return errors.Join(errs...)
}

func (o *watchOptions) parse(what string) error {
	kind, value, _ := strings.Cut(what, ":")
	switch kind {
	case "auto":
		if value == "" {
			return nil
		}
	case "none":
		o.off = true
		if value == "" {
			return nil
		}
	case "pid":
		pid, err := strconv.ParseInt(value, 10, 32)
		if o.pid = int(pid); err == nil && pid > 0 {
			return nil
		}
		return fmt.Errorf("--watch pid:%s: it takes the number of a process", value)
	case "url":
		value = address.WithScheme(value)
		u, err := url.Parse(value)
		if err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
			o.metrics = value
			return nil
		}
		return errors.New("--watch url: must be like url:http://localhost:8000/metrics")
	}
	return fmt.Errorf("--watch must be auto, pid:N, url:ADDRESS or none, not %q", what)
}

// watcher watches the server of one run; nothing is watched by one without a Watcher.
type watcher struct{ *observe.Watcher }

// openWatch finds what there is to watch. The caller starts and stops it.
func openWatch(ctx context.Context, o *runOptions) (watcher, error) {
	if o.watch.off || o.step != nil { // a search watches the server by itself
		return watcher{}, nil
	}
	w, err := observe.Open(ctx, observe.Options{
		URL: o.scenario.URL, Resolve: o.connection.hosts, PID: o.watch.pid, Metrics: o.watch.metrics, KPIs: o.watch.kpis,
		Folders: o.watch.folders, Database: o.watch.database, Client: o.plainClient(),
	})
	if err != nil {
		return watcher{}, withHint(err, "--watch none does not watch the server")
	}
	return watcher{w}, nil
}

// follow has the watcher watch the bundled server, of which all is known.
func (o *watchOptions) follow(s *bundled.Server) {
	if o.pid == 0 {
		o.pid = s.PID()
	}
	if len(o.folders) == 0 && !o.off {
		o.folders = []string{s.Dir()}
	}
}

// start begins to watch. It goes on while uploads are under way, whatever stops the sending.
func (w watcher) start(ctx context.Context, at time.Time) {
	if w.Watcher != nil {
		w.Start(context.WithoutCancel(ctx), at)
	}
}

// latest is what was seen of the server just now.
func (w watcher) latest() measure.Observation {
	if w.Watcher == nil {
		return measure.Observation{}
	}
	return w.Latest()
}

// latestOf is what was read last of a signal, if that was after a time since watching began.
func (w watcher) latestOf(sig measure.Signal, since time.Duration) (float64, bool) {
	if w.Watcher == nil {
		return 0, false
	}
	return w.Samples.LatestOf(sig, since)
}

// readings are those of a signal between two times.
func (w watcher) readings(sig measure.Signal, from, to time.Duration) []measure.Reading {
	if w.Watcher == nil {
		return nil
	}
	return w.Samples.Readings(sig, from, to)
}

// stop ends watching.
func (w watcher) stop() {
	if w.Watcher != nil {
		w.Stop()
	}
}

// fill puts what was seen into res.
func (w watcher) fill(res *measure.Result) {
	if w.Watcher == nil {
		res.Watch = observe.Unwatched("the server was not watched: --watch none")
		return
	}
	w.Fill(res)
}

// plainClient is an HTTP client that connects as the flags say, for requests that are no uploads.
func (o *runOptions) plainClient() *http.Client {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	var config *tls.Config
	if o.connection.tls != nil {
		config = o.connection.tls.Clone()
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: config,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if to, ok := o.connection.hosts[address]; ok {
				address = to
			}
			return dialer.DialContext(ctx, network, address)
		},
	}}
}
