package cli

import (
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/observe"
	"rdiostress/internal/trial"
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
	kpis    []observe.Mapping
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
	var errs problems
	for _, what := range o.what {
		errs = append(errs, o.parse(what))
	}
	for _, text := range o.kpiTexts {
		k, err := observe.ParseMapping(text)
		if err != nil {
			errs = append(errs, problemf("{kpi}: %w", err))
		}
		o.kpis = append(o.kpis, k)
	}
	for _, folder := range o.folders {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			errs = append(errs, problemf("{watch-dir} %s: there is no such folder", folder))
		}
	}
	if o.database != "" {
		if _, err := observe.ParseDatabase(o.database); err != nil {
			errs = append(errs, nameFlags(err))
		}
	}
	if o.off && (len(o.what) > 1 || len(o.kpis)+len(o.folders) > 0 || o.database != "") {
		errs = append(errs, problemf("{watch} none excludes every other way to watch"))
	}
	return errs.join()
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
		return problemf("{watch} pid:%s: it takes the number of a process", value)
	case "url":
		value = address.WithScheme(value)
		u, err := url.Parse(value)
		if err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
			o.metrics = value
			return nil
		}
		return problemf("{watch} url: must be like url:%s/metrics", address.DefaultURL)
	}
	return problemf("{watch} must be auto, pid:N, url:ADDRESS or none, not %q", what)
}

// notWatched is why the server is not watched where the user does not want it to be.
const notWatched = "--watch none"

// plan is how the server is watched, as the flags say.
func (o *watchOptions) plan() trial.WatchPlan {
	p := trial.WatchPlan{PID: o.pid, Metrics: o.metrics, KPIs: o.kpis, Folders: o.folders, Database: o.database}
	if o.off {
		p.NotWatched = notWatched
	}
	return p
}
